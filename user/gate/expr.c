/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/expr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/near.h"

#define MAX_DIGITS 20  /* before the point: 2^64 has that many */
#define MAX_FRACTION 3 /* behind it */
#define PARTS 1000     /* limits are kept in thousandths */
#define MAX_PERCENT 1000000000000ULL
#define MAX_WORD 32 /* of a name, with its NUL */

typedef unsigned __int128 u128;
typedef __int128 s128;

enum op {
	OP_GE,
	OP_GT,
	OP_LE,
	OP_LT,
	OP_EQ,
	OP_NE,
	N_OPS
};
/* In the order in which they are looked for: ">=" before ">". */
static const char *const ops[N_OPS] = {">=", ">", "<=", "<", "==", "!="};
static const char *const quantities[EXPR_QUANTITIES] = {
	[EXPR_LEAKED] = "leaked", [EXPR_LEAKS] = "leaks",   [EXPR_BYTES] = "bytes",
	[EXPR_COUNT] = "count",	  [EXPR_STACKS] = "stacks", [EXPR_ALLOCS] = "allocs",
	[EXPR_GROWTH] = "growth",
};

struct test {
	enum expr_quantity quantity;
	enum op op;
	bool percent; /* of the baseline's */
	u128 limit;   /* thousandths */
	bool or_next; /* the next one begins an alternative */
};

struct expr {
	char *text;
	struct test test[EXPR_MAX_TESTS];
	size_t n;
};

struct parser {
	const char *s;
	size_t at;
	struct expr *e;
	struct expr_error *error;
};

/* Of ASCII only, whatever the locale. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

__attribute__((format(printf, 3, 4))) static int fail(struct parser *p, size_t at, const char *fmt,
						      ...)
{
	va_list args;

	p->error->at = at;
	va_start(args, fmt);
	vsnprintf(p->error->text, sizeof(p->error->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

static void skip_space(struct parser *p)
{
	while (p->s[p->at] == ' ' || p->s[p->at] == '\t')
		p->at++;
}

/* Letters at p->at, perhaps none. */
static int word(struct parser *p, char buf[MAX_WORD])
{
	size_t start = p->at, n;

	while (is_letter(p->s[p->at]))
		p->at++;
	n = p->at - start;
	if (n >= MAX_WORD)
		return fail(p, start, "a word of %zu characters is none of the language", n);
	memcpy(buf, p->s + start, n);
	buf[n] = '\0';
	return 0;
}

static int quantity(struct parser *p, struct test *t)
{
	char name[MAX_WORD], text[100];
	size_t start = p->at, i;
	struct near near;

	if (word(p, name))
		return -EINVAL;
	near__init(&near, name);
	for (i = 0; i < EXPR_QUANTITIES; i++) {
		t->quantity = i;
		if (!strcmp(name, quantities[i]))
			return 0;
		near__add(&near, quantities[i]);
	}
	near__text(&near, text, sizeof(text));
	if (name[0] && near.n)
		return fail(p, start, "unknown quantity \"%s\": did you mean %s?", name, text);
	return fail(p, start,
		    "expected leaked, leaks, bytes, count, stacks, allocs or growth, as in "
		    "leaked > 0");
}

static int operator(struct parser *p, struct test *t)
{
	size_t i;

	for (i = 0; i < N_OPS; i++) {
		if (strncmp(p->s + p->at, ops[i], strlen(ops[i])) != 0)
			continue;
		t->op = i;
		p->at += strlen(ops[i]);
		return 0;
	}
	return fail(p, p->at, "expected > >= < <= == or != after %s", quantities[t->quantity]);
}

/* Digits with a fraction, in thousandths. */
static int number(struct parser *p, struct test *t)
{
	size_t start = p->at, n = 0, fraction = 0;

	if (!is_digit(p->s[p->at]))
		return fail(p, start, "expected a number, such as 100, 1MiB or 10%%");
	for (; is_digit(p->s[p->at]); p->at++) {
		t->limit = t->limit * 10 + (p->s[p->at] - '0');
		if (++n > MAX_DIGITS)
			return fail(p, start, "this number is too large");
	}
	if (p->s[p->at] == '.') {
		p->at++;
		for (; is_digit(p->s[p->at]); p->at++) {
			t->limit = t->limit * 10 + (p->s[p->at] - '0');
			if (++fraction > MAX_FRACTION)
				return fail(p, start, "at most %d digits behind the point",
					    MAX_FRACTION);
		}
		if (!fraction)
			return fail(p, p->at, "expected digits behind the point");
	}
	for (; fraction < MAX_FRACTION; fraction++)
		t->limit *= 10;
	return 0;
}

static bool is_in_bytes(enum expr_quantity q)
{
	return q == EXPR_LEAKED || q == EXPR_BYTES || q == EXPR_GROWTH;
}

/* Of a number of bytes K or KiB and so on, of others K, M, G and T. */
static int unit(struct parser *p, struct test *t)
{
	static const char powers[] = "KMGT";
	size_t start = p->at;
	char name[MAX_WORD];
	const char *power;

	if (word(p, name))
		return -EINVAL;
	power = name[0] ? strchr(powers, name[0] & ~0x20) : NULL;
	if (power && (!name[1] || (is_in_bytes(t->quantity) && !strcmp(name + 1, "iB")))) {
		t->limit <<= 10 * (power - powers + 1);
		return 0;
	}
	if (!name[0] || (is_in_bytes(t->quantity) && !strcmp(name, "B")))
		return 0;
	if (power && (!strcmp(name + 1, "B") || !strcmp(name + 1, "b")))
		return fail(p, start, "%s may be 1000 or 1024: %ciB is a power of 1024", name,
			    *power);
	return fail(p, start, "expected %s, && or ||",
		    is_in_bytes(t->quantity) ? "K, KiB, MiB, GiB, TiB, %" : "K, M, G, T, %");
}

/* "% of baseline"; of growth, what it is of is clear. */
static int percent(struct parser *p, struct test *t)
{
	char name[MAX_WORD];
	size_t start;
	int i;

	if (t->limit > (u128)MAX_PERCENT * PARTS)
		return fail(p, p->at, "this percentage is too large");
	t->percent = true;
	p->at++;
	for (i = 0; i < 2; i++) {
		start = p->at;
		skip_space(p);
		if (!i && t->quantity == EXPR_GROWTH && !is_letter(p->s[p->at]))
			return 0;
		if (word(p, name))
			return -EINVAL;
		if (strcmp(name, i ? "baseline" : "of") != 0)
			return fail(p, start, "a percentage is of something: expected %s",
				    i ? "baseline" : "of baseline");
	}
	return 0;
}

static int comparison(struct parser *p)
{
	struct test *t = &p->e->test[p->e->n];
	int err;

	skip_space(p);
	if (p->e->n == EXPR_MAX_TESTS)
		return fail(p, p->at, "more than %d comparisons", EXPR_MAX_TESTS);
	p->e->n++;
	err = quantity(p, t);
	if (err)
		return err;
	skip_space(p);
	err = operator(p, t);
	if (err)
		return err;
	skip_space(p);
	err = number(p, t);
	if (err)
		return err;
	skip_space(p);
	if (p->s[p->at] == '%')
		err = percent(p, t);
	else
		err = unit(p, t);
	skip_space(p);
	return err;
}

static int expression(struct parser *p)
{
	char c;
	int err;

	for (;;) {
		err = comparison(p);
		c = p->s[p->at];
		if (err || !c)
			return err;
		if ((c != '&' && c != '|') || p->s[p->at + 1] != c)
			return fail(p, p->at, "expected && or ||");
		p->e->test[p->e->n - 1].or_next = c == '|';
		p->at += 2;
	}
}

int expr__parse(const char *text, struct expr **out, struct expr_error *error)
{
	struct parser p = {.s = text, .error = error};
	int err = -ENOMEM;

	*out = NULL;
	*error = (struct expr_error){.text = "there is no memory for it"};
	p.e = calloc(1, sizeof(*p.e));
	if (!p.e)
		return -ENOMEM;
	p.e->text = strdup(text);
	if (!p.e->text)
		goto cleanup;
	if (strnlen(text, EXPR_MAX_LENGTH + 1) > EXPR_MAX_LENGTH)
		err = fail(&p, 0, "longer than %d characters", EXPR_MAX_LENGTH);
	else
		err = expression(&p);
	if (err)
		goto cleanup;
	*out = p.e;
	p.e = NULL;
cleanup:
	expr__free(p.e);
	return err;
}

void expr__free(struct expr *e)
{
	if (!e)
		return;
	free(e->text);
	free(e);
}

const char *expr__text(const struct expr *e)
{
	return e->text;
}

static bool needs_baseline(const struct test *t)
{
	return t->percent || t->quantity == EXPR_GROWTH;
}

bool expr__needs_baseline(const struct expr *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (needs_baseline(&e->test[i]))
			return true;
	return false;
}

static bool compare(s128 a, enum op op, s128 b)
{
	switch (op) {
	case OP_GE:
		return a >= b;
	case OP_GT:
		return a > b;
	case OP_LE:
		return a <= b;
	case OP_LT:
		return a < b;
	case OP_EQ:
		return a == b;
	default:
		return a != b;
	}
}

/* No product overflows: values are below 2^64, limits below 2^117, those in percent below 2^50. */
static bool holds(const struct test *t, const struct expr_figures *now,
		  const struct expr_figures *base)
{
	enum expr_quantity q = t->quantity == EXPR_GROWTH ? EXPR_BYTES : t->quantity;
	s128 value = now->value[q];

	if (t->quantity == EXPR_GROWTH)
		value -= base->value[q];
	if (!t->percent)
		return compare(value * PARTS, t->op, (s128)t->limit);
	return compare(value * 100 * PARTS, t->op, (s128)(t->limit * base->value[q]));
}

static bool is_known(const struct test *t, const struct expr_figures *now,
		     const struct expr_figures *base)
{
	enum expr_quantity q = t->quantity == EXPR_GROWTH ? EXPR_BYTES : t->quantity;

	return now->known[q] && (!needs_baseline(t) || (base && base->known[q]));
}

/* Each alternative is what its weakest comparison is, and the whole its strongest alternative. */
enum gate_state expr__judge(const struct expr *e, const struct expr_figures *now,
			    const struct expr_figures *base, enum expr_quantity *decisive)
{
	enum gate_state all = GATE_NONE, part = GATE_FAIL, one;
	enum expr_quantity by = e->test[0].quantity;
	bool begins = true;
	size_t i;

	for (i = 0; i < e->n; i++) {
		const struct test *t = &e->test[i];

		one = GATE_UNSURE;
		if (is_known(t, now, base))
			one = holds(t, now, base) ? GATE_FAIL : GATE_PASS;
		if (begins || one < part) {
			part = one;
			by = t->quantity;
		}
		begins = t->or_next || i + 1 == e->n;
		if (begins && part > all) {
			all = part;
			*decisive = by;
		}
	}
	return all;
}
