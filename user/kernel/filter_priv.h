/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_priv - what the parts of the filter share: the parser (filter.c, filter_lex.c for words
 * and numbers, filter_value.c for what stands on the right of an operator), and the tree between it
 * and the graph (filter_graph.c).
 */
#ifndef KERNEL_FILTER_PRIV_H
#define KERNEL_FILTER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"

enum expr_kind {
	EXPR_FALSE,
	EXPR_TRUE,
	EXPR_TEST,
	EXPR_NOT, /* left */
	EXPR_AND, /* left, right */
	EXPR_OR,
};

struct expr {
	enum expr_kind kind;
	uint8_t left, right;
	struct filter_node node; /* EXPR_TEST: without its targets */
};

/* Tests, what connects them, and each of these once negated; the two constants. */
#define TREE_MAX (4 * FILTER_MAX_NODES + 2)
#define TREE_FALSE 0
#define TREE_TRUE 1

/* Expressions are named by their index. Constants are folded: they stand only for themselves. */
struct tree {
	struct expr e[TREE_MAX];
	unsigned int n, n_tests, n_texts, n_cgroups;
	struct filter_text text[FILTER_MAX_TEXTS];
	uint64_t cgroup[FILTER_MAX_CGROUPS];
};

void tree__init(struct tree *t);
/* A test, or -E2BIG: there are FILTER_MAX_NODES of them already. */
int tree__test(struct tree *t, const struct filter_node *node);
int tree__not(struct tree *t, int child);
int tree__join(struct tree *t, enum expr_kind kind, int left, int right);
/* The index of a pattern, or of a cgroup; -E2BIG: there are too many. */
int tree__text(struct tree *t, const struct filter_text *text);
int tree__cgroup(struct tree *t, uint64_t id);
void tree__graph(const struct tree *t, int root, struct filter_prog *prog);

/* --- the parser --- */

#define MAX_WORD 128 /* a name in an expression, with its NUL */

enum field_kind {
	KIND_BYTES,
	KIND_NUMBER,
	KIND_FLAGS,
	KIND_SITE,
	KIND_TASK, /* a number that may be negative in an expression, though it never is */
	KIND_COMM,
	KIND_NAME,
	KIND_CGROUP,
};

struct field {
	const char *name;
	enum field_kind kind;
	enum filter_field number;
};

/* In the order in which they are looked for: "<=" before "<". */
enum op {
	OP_GLOB,
	OP_NE,
	OP_EQ,
	OP_LE,
	OP_LT,
	OP_GE,
	OP_GT,
	OP_BITS,
	N_OPS
};
extern const char *const filter_ops[N_OPS];

struct parser {
	const char *s;
	size_t at;
	unsigned int depth;
	const struct filter_names *names;
	struct filter_error *err;
	struct tree tree;
};

/* A comparison that is being read. */
struct comparison {
	const struct field *field;
	bool function; /* call_site.function */
	enum op op;
	size_t field_at, op_at, value_at;
};

/* An error at a place. Returns -EINVAL. */
int parser__fail(struct parser *p, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void parser__skip_space(struct parser *p);
/* A number at p->at. bytes: K, M or G may follow. negative: a "-" may stand before it, and did. */
int parser__number(struct parser *p, bool bytes, uint64_t *value, bool *negative);
/* Letters and digits at p->at, perhaps none, and also the characters of more. */
int parser__word(struct parser *p, const char *more, char buf[MAX_WORD]);
/* A text in quotes: its place, without them. */
int parser__quoted(struct parser *p, const struct comparison *c, const char **text, size_t *len);
/* The rest of a comparison, from its value on. Returns an expression, or -errno. */
int parser__value_test(struct parser *p, const struct comparison *c);

/* Of ASCII only, whatever the locale. */
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Of expressions that may be an error instead. */
static inline int parser__negate_if(struct parser *p, bool negate, int i)
{
	return i < 0 || !negate ? i : tree__not(&p->tree, i);
}

static inline int parser__join(struct parser *p, enum expr_kind kind, int left, int right)
{
	if (left < 0 || right < 0)
		return left < 0 ? left : right;
	return tree__join(&p->tree, kind, left, right);
}

#endif
