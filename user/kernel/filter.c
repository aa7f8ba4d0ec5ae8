/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The language; see filter.h. Recursive descent: a function for each rule. */
#include "filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caret.h"
#include "filter_priv.h"
#include "near.h"

static const struct field fields[] = {
	{"bytes_req", KIND_BYTES, FILTER_BYTES_REQ},
	{"bytes_alloc", KIND_BYTES, FILTER_BYTES_ALLOC},
	{"gfp_flags", KIND_FLAGS, FILTER_GFP_FLAGS},
	{"order", KIND_NUMBER, FILTER_ORDER},
	{"call_site", KIND_SITE, FILTER_CALL_SITE},
	{"name", KIND_NAME, 0},
	{"comm", KIND_COMM, 0},
	{"pid", KIND_TASK, FILTER_PID},
	{"tid", KIND_TASK, FILTER_TID},
	{"cgroup", KIND_CGROUP, 0},
	/* what trace events call the same */
	{"common_pid", KIND_TASK, FILTER_TID},
	{"COMM", KIND_COMM, 0},
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))
#define N_OWN_FIELDS 10

static int unknown_field(struct parser *p, size_t at, const char *name)
{
	char text[160];
	struct near near;
	size_t used = 0;

	near__init(&near, name);
	for (size_t i = 0; i < N_OWN_FIELDS; i++)
		near__add(&near, fields[i].name);
	near__text(&near, text, sizeof(text));
	if (near.n)
		return parser__fail(p, at, "unknown field \"%s\": did you mean %s?", name, text);
	for (size_t i = 0; i < N_OWN_FIELDS; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "",
				 fields[i].name);
	return parser__fail(p, at, "unknown field \"%.40s\": there are %s", name, text);
}

static int field(struct parser *p, struct comparison *c)
{
	char name[MAX_WORD];

	c->field_at = p->at;
	if (parser__word(p, "", name))
		return -EINVAL;
	if (!name[0])
		return parser__fail(p, c->field_at,
				    "expected a comparison, such as bytes_alloc == 4096");
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strcmp(name, fields[i].name) == 0)
			c->field = &fields[i];
	if (!c->field)
		return unknown_field(p, c->field_at, name);
	if (p->s[p->at] != '.')
		return 0;
	if (c->field->kind != KIND_SITE || strncmp(p->s + p->at, ".function", 9) != 0)
		return parser__fail(p, p->at, "expected an operator");
	c->function = true;
	p->at += strlen(".function");
	return 0;
}

static const char *allowed_ops(enum field_kind kind)
{
	switch (kind) {
	case KIND_COMM:
	case KIND_NAME:
		return "== != or ~";
	case KIND_CGROUP:
		return "== or !=";
	default:
		return "== != < <= > >= or &";
	}
}

static bool op_fits(enum field_kind kind, enum op op)
{
	switch (kind) {
	case KIND_COMM:
	case KIND_NAME:
		return op == OP_EQ || op == OP_NE || op == OP_GLOB;
	case KIND_CGROUP:
		return op == OP_EQ || op == OP_NE;
	default:
		return op != OP_GLOB;
	}
}

static int comparison(struct parser *p)
{
	struct comparison c = {.op = 0};

	if (field(p, &c))
		return -EINVAL;
	parser__skip_space(p);
	c.op_at = p->at;
	while (c.op < N_OPS &&
	       strncmp(p->s + p->at, filter_ops[c.op], strlen(filter_ops[c.op])) != 0)
		c.op++;
	if (c.op == N_OPS || !op_fits(c.field->kind, c.op))
		return parser__fail(p, c.op_at, "expected %s after %s", allowed_ops(c.field->kind),
				    c.field->name);
	p->at += strlen(filter_ops[c.op]);
	parser__skip_space(p);
	c.value_at = p->at;
	return parser__value_test(p, &c);
}

/* --- expressions --- */

static int or_expression(struct parser *p);

/* A comparison, or an expression in parentheses, with any number of ! before it. */
static int operand(struct parser *p)
{
	bool negate = false;
	size_t open;
	int inner;

	parser__skip_space(p);
	while (p->s[p->at] == '!' && p->s[p->at + 1] != '=' && p->s[p->at + 1] != '~') {
		negate = !negate;
		p->at++;
		parser__skip_space(p);
	}
	if (p->s[p->at] != '(')
		return parser__negate_if(p, negate, comparison(p));
	open = p->at++;
	if (p->depth == FILTER_MAX_DEPTH)
		return parser__fail(p, open, "more than %d parentheses within each other",
				    FILTER_MAX_DEPTH);
	p->depth++;
	inner = or_expression(p);
	p->depth--;
	if (inner < 0)
		return inner;
	if (p->s[p->at] != ')')
		return parser__fail(p, p->s[p->at] ? p->at : open, "%s",
				    p->s[p->at] ? "expected &&, || or )" : "this ( is not closed");
	p->at++;
	parser__skip_space(p);
	return parser__negate_if(p, negate, inner);
}

static bool connective(struct parser *p, char c)
{
	parser__skip_space(p);
	if (p->s[p->at] != c || p->s[p->at + 1] != c)
		return false;
	p->at += 2;
	return true;
}

static int and_expression(struct parser *p)
{
	int all = operand(p);

	while (all >= 0 && connective(p, '&'))
		all = parser__join(p, EXPR_AND, all, operand(p));
	return all;
}

static int or_expression(struct parser *p)
{
	int all = and_expression(p);

	while (all >= 0 && connective(p, '|'))
		all = parser__join(p, EXPR_OR, all, and_expression(p));
	return all;
}

int filter__compile(const char *expression, const struct filter_names *names,
		    struct filter_prog *prog, struct filter_error *err)
{
	struct parser *p;
	int root;

	memset(prog, 0, sizeof(*prog));
	memset(err, 0, sizeof(*err));
	p = calloc(1, sizeof(*p));
	if (!p) {
		snprintf(err->text, sizeof(err->text), "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	p->s = expression;
	p->names = names;
	p->err = err;
	tree__init(&p->tree);
	if (strnlen(expression, FILTER_MAX_LENGTH + 1) > FILTER_MAX_LENGTH)
		root = parser__fail(p, 0, "longer than %d characters", FILTER_MAX_LENGTH);
	else
		root = or_expression(p);
	if (root >= 0 && p->s[p->at])
		root = parser__fail(p, p->at,
				    p->s[p->at] == ')' ? "this ) closes nothing"
						       : "expected && or ||");
	if (root >= 0)
		tree__graph(&p->tree, root, prog);
	free(p);
	return root < 0 ? root : 0;
}

/* --- errors --- */

void filter_error__print(const struct filter_error *err, const char *expression, FILE *out)
{
	caret__print(out, err->text, expression, err->at);
}
