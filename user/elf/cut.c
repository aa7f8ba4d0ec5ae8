/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/cut.h"

#include <errno.h>
#include <stdlib.h>

struct arc {
	uint32_t to;
	uint32_t next; /* arc of the same node, plus one */
	int64_t room;  /* what still flows through; its twin is index ^ 1 */
};

struct cut {
	size_t n_nodes, n_arcs, arcs_room;
	uint32_t *first; /* arc of each node, plus one */
	struct arc *arc;
	uint32_t *came; /* by which arc a node was reached, plus one */
	uint32_t *queue;
	uint32_t source;
};

struct cut *cut__new(size_t n_nodes)
{
	struct cut *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->n_nodes = n_nodes;
	c->first = calloc(n_nodes, sizeof(*c->first));
	c->came = calloc(n_nodes, sizeof(*c->came));
	c->queue = calloc(n_nodes, sizeof(*c->queue));
	if (!c->first || !c->came || !c->queue) {
		cut__free(c);
		return NULL;
	}
	return c;
}

void cut__free(struct cut *c)
{
	if (!c)
		return;
	free(c->first);
	free(c->arc);
	free(c->came);
	free(c->queue);
	free(c);
}

static void add_half(struct cut *c, uint32_t from, uint32_t to, int64_t room)
{
	c->arc[c->n_arcs] = (struct arc){.to = to, .next = c->first[from], .room = room};
	c->first[from] = (uint32_t)++c->n_arcs;
}

int cut__arc(struct cut *c, uint32_t from, uint32_t to, int64_t cost)
{
	if (c->n_arcs + 2 > c->arcs_room) {
		size_t room = c->arcs_room ? 2 * c->arcs_room : 1024;
		struct arc *grown = reallocarray(c->arc, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->arc = grown;
		c->arcs_room = room;
	}
	add_half(c, from, to, cost);
	add_half(c, to, from, CUT_NEVER);
	return 0;
}

/* Breadth first from the source. True: the sink was reached. */
static bool search(struct cut *c, uint32_t sink)
{
	size_t head = 0, tail = 0, i;
	uint32_t a, node;

	for (i = 0; i < c->n_nodes; i++)
		c->came[i] = 0;
	c->came[c->source] = UINT32_MAX;
	c->queue[tail++] = c->source;
	while (head < tail && !c->came[sink]) {
		node = c->queue[head++];
		for (a = c->first[node]; a; a = c->arc[a - 1].next) {
			const struct arc *arc = &c->arc[a - 1];

			if (arc->room <= 0 || c->came[arc->to])
				continue;
			c->came[arc->to] = a;
			c->queue[tail++] = arc->to;
		}
	}
	return c->came[sink];
}

int64_t cut__solve(struct cut *c, uint32_t source, uint32_t sink)
{
	int64_t total = 0, least;
	uint32_t node, a;

	c->source = source;
	while (total < CUT_NEVER && search(c, sink)) {
		least = CUT_NEVER;
		for (node = sink; node != source; node = c->arc[(a - 1) ^ 1].to) {
			a = c->came[node];
			if (c->arc[a - 1].room < least)
				least = c->arc[a - 1].room;
		}
		for (node = sink; node != source; node = c->arc[(a - 1) ^ 1].to) {
			a = c->came[node];
			c->arc[a - 1].room -= least;
			c->arc[(a - 1) ^ 1].room += least;
		}
		total += least;
	}
	return total;
}

bool cut__is_before(const struct cut *c, uint32_t node)
{
	return c->came[node];
}
