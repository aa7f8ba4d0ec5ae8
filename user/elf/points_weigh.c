/* SPDX-License-Identifier: GPL-2.0-or-later */
/* points_weigh - how often is each instruction of a function met? */
#include <errno.h>
#include <stdlib.h>

#include "elf/points_priv.h"

/* The shortest way from each node to a return that is no failure. */
void points__measure_ways(struct analysis *a)
{
	const int64_t call = 50, none = 1 << 20;
	bool changed = true;
	size_t i;
	int k;

	for (i = 0; i < a->flow.n; i++)
		a->length[i] = flow__returns(&a->flow.node[i]) && !a->before[i].zero ? 1 : none;
	while (changed) {
		changed = false;
		for (i = a->flow.n; i-- > 0;) {
			const struct flow_node *node = &a->flow.node[i];

			for (k = 0; k < 2; k++) {
				int64_t n;

				if (!is_live(a, node->next[k]))
					continue;
				n = a->length[node->next[k]] +
				    (node->in.op == INSN_CALL ? call : 1);
				if (n >= a->length[i])
					continue;
				a->length[i] = n;
				changed = true;
			}
		}
	}
}

/*
 * How likely is it that the branch goes way k? Allocators fail rarely and mostly go the short way.
 */
static double likelihood(const struct analysis *a, const struct flow_node *node, int k)
{
	int32_t this = node->next[k], other = node->next[!k];
	bool fails, other_fails;
	double mine, others;

	if (!is_live(a, this))
		return 0;
	if (!is_live(a, other))
		return 1;
	fails = is_failure(&a->before[this]);
	other_fails = is_failure(&a->before[other]);
	if (fails != other_fails)
		return fails ? 0.01 : 0.99;
	mine = (double)a->length[this] * a->length[this];
	others = (double)a->length[other] * a->length[other];
	return others / (mine + others);
}

struct sorting {
	uint32_t *order; /* nodes; those before come first, but for loops */
	uint32_t *place; /* of each node in order */
	uint32_t *stack;
	uint8_t *next; /* which way to follow next */
};

/* Depth first; a node comes before all that it leads to. Returns where order begins. */
static size_t sort_nodes(const struct analysis *a, struct sorting *s)
{
	size_t depth = 0, at = a->flow.n;

	s->stack[depth++] = 0;
	s->next[0] = 1;
	while (depth) {
		uint32_t i = s->stack[depth - 1];
		int32_t to;

		if (s->next[i] > 2) {
			s->order[--at] = i;
			s->place[i] = (uint32_t)at;
			depth--;
			continue;
		}
		to = a->flow.node[i].next[s->next[i]++ - 1];
		if (to >= 0 && !s->next[to]) {
			s->next[to] = 1;
			s->stack[depth++] = (uint32_t)to;
		}
	}
	return at;
}

/* How often a call comes by each node, if loops are gone through once. */
int points__weigh(struct analysis *a)
{
	size_t n = a->flow.n, at;
	struct sorting s = {
		.order = calloc(n, sizeof(*s.order)),
		.place = calloc(n, sizeof(*s.place)),
		.stack = calloc(n, sizeof(*s.stack)),
		.next = calloc(n, sizeof(*s.next)),
	};
	int err = -ENOMEM, k;

	if (!s.order || !s.place || !s.stack || !s.next)
		goto cleanup;
	a->times[0] = 1;
	for (at = sort_nodes(a, &s); at < n; at++) {
		const struct flow_node *node = &a->flow.node[s.order[at]];

		for (k = 0; k < 2; k++) {
			double share = node->in.op == INSN_BRANCH ? likelihood(a, node, k) : 1;

			if (node->next[k] >= 0 && s.place[node->next[k]] > at)
				a->times[node->next[k]] += a->times[s.order[at]] * share;
		}
	}
	err = 0;
cleanup:
	free(s.order);
	free(s.place);
	free(s.stack);
	free(s.next);
	return err;
}
