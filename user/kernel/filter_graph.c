/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "filter_priv.h"

void tree__init(struct tree *t)
{
	t->e[TREE_FALSE].kind = EXPR_FALSE;
	t->e[TREE_TRUE].kind = EXPR_TRUE;
	t->n = 2;
	t->n_tests = t->n_texts = t->n_cgroups = 0;
}

int tree__test(struct tree *t, const struct filter_node *node)
{
	if (t->n_tests == FILTER_MAX_NODES)
		return -E2BIG;
	t->n_tests++;
	t->e[t->n] = (struct expr){.kind = EXPR_TEST, .node = *node};
	return t->n++;
}

int tree__not(struct tree *t, int child)
{
	if (child == TREE_FALSE || child == TREE_TRUE)
		return child == TREE_FALSE ? TREE_TRUE : TREE_FALSE;
	if (t->e[child].kind == EXPR_NOT)
		return t->e[child].left;
	for (unsigned int i = 0; i < t->n; i++)
		if (t->e[i].kind == EXPR_NOT && t->e[i].left == child)
			return i;
	t->e[t->n] = (struct expr){.kind = EXPR_NOT, .left = child};
	return t->n++;
}

int tree__join(struct tree *t, enum expr_kind kind, int left, int right)
{
	int decides = kind == EXPR_AND ? TREE_FALSE : TREE_TRUE;

	if (left == decides || right == decides)
		return decides;
	if (left <= TREE_TRUE)
		return right;
	if (right <= TREE_TRUE)
		return left;
	t->e[t->n] = (struct expr){.kind = kind, .left = left, .right = right};
	return t->n++;
}

int tree__text(struct tree *t, const struct filter_text *text)
{
	for (unsigned int i = 0; i < t->n_texts; i++)
		if (memcmp(&t->text[i], text, sizeof(*text)) == 0)
			return i;
	if (t->n_texts == FILTER_MAX_TEXTS)
		return -E2BIG;
	t->text[t->n_texts] = *text;
	return t->n_texts++;
}

int tree__cgroup(struct tree *t, uint64_t id)
{
	for (unsigned int i = 0; i < t->n_cgroups; i++)
		if (t->cgroup[i] == id)
			return i;
	if (t->n_cgroups == FILTER_MAX_CGROUPS)
		return -E2BIG;
	t->cgroup[t->n_cgroups] = id;
	return t->n_cgroups++;
}

/* --- the graph --- */

struct emitter {
	const struct tree *t;
	struct filter_prog *prog;
	unsigned int next; /* nodes are given out from the last one on */
};

/* About what a test costs, in nanoseconds. */
static unsigned int test_cost(const struct filter_node *node)
{
	switch (node->test) {
	case FILTER_COMM:
		return 10;
	case FILTER_IN_CGROUP:
		return 10;
	case FILTER_NAME:
		return 20;
	}
	return node->field < FILTER_N_EVENT_NUMBERS ? 1 : 3;
}

static unsigned int cost(const struct tree *t, int i)
{
	const struct expr *e = &t->e[i];

	switch (e->kind) {
	case EXPR_TEST:
		return test_cost(&e->node);
	case EXPR_NOT:
		return cost(t, e->left);
	case EXPR_AND:
	case EXPR_OR:
		return cost(t, e->left) + cost(t, e->right);
	default:
		return 0;
	}
}

static unsigned int count(const struct tree *t, int i)
{
	const struct expr *e = &t->e[i];

	switch (e->kind) {
	case EXPR_TEST:
		return 1;
	case EXPR_NOT:
		return count(t, e->left);
	case EXPR_AND:
	case EXPR_OR:
		return count(t, e->left) + count(t, e->right);
	default:
		return 0;
	}
}

/* The operands of a && b && c, or of a || b || c. */
static unsigned int operands(const struct tree *t, enum expr_kind kind, int i, int list[],
			     unsigned int n)
{
	if (t->e[i].kind != kind) {
		list[n] = i;
		return n + 1;
	}
	n = operands(t, kind, t->e[i].left, list, n);
	return operands(t, kind, t->e[i].right, list, n);
}

/* The order does not matter to the result, so what is cheap comes first. */
static void sort(const struct tree *t, int list[], unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		int one = list[i];
		unsigned int j = i;

		for (; j && cost(t, list[j - 1]) > cost(t, one); j--)
			list[j] = list[j - 1];
		list[j] = one;
	}
}

/* The target to enter an expression by, given where to go on from it. */
static uint64_t emit(struct emitter *m, int i, uint64_t yes, uint64_t no)
{
	const struct expr *e = &m->t->e[i];
	int list[FILTER_MAX_NODES];
	struct filter_node *node;
	unsigned int n;

	switch (e->kind) {
	case EXPR_FALSE:
		return no;
	case EXPR_TRUE:
		return yes;
	case EXPR_NOT:
		return emit(m, e->left, no, yes);
	case EXPR_TEST:
		node = &m->prog->node[--m->next];
		*node = e->node;
		node->yes = yes;
		node->no = no;
		if (node->test == FILTER_NAME)
			m->prog->uses_name = 1;
		return FILTER_NODE(m->next);
	default:
		break;
	}
	n = operands(m->t, e->kind, i, list, 0);
	sort(m->t, list, n);
	while (n--)
		if (e->kind == EXPR_AND)
			yes = emit(m, list[n], yes, no);
		else
			no = emit(m, list[n], yes, no);
	return e->kind == EXPR_AND ? yes : no;
}

void tree__graph(const struct tree *t, int root, struct filter_prog *prog)
{
	struct emitter m = {.t = t, .prog = prog, .next = count(t, root)};

	memset(prog, 0, sizeof(*prog));
	memcpy(prog->text, t->text, t->n_texts * sizeof(t->text[0]));
	memcpy(prog->cgroup, t->cgroup, t->n_cgroups * sizeof(t->cgroup[0]));
	prog->start = emit(&m, root, FILTER_ACCEPT, FILTER_REJECT);
}
