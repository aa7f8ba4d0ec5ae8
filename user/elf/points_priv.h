/* SPDX-License-Identifier: GPL-2.0-or-later */
/* points_priv - what the files that implement points share. */
#ifndef ELF_POINTS_PRIV_H
#define ELF_POINTS_PRIV_H

#include "elf/flow.h"
#include "elf/points.h"

/* Places that hold what the function is going to return, whatever way it takes from here. */
struct results {
	uint32_t regs; /* 1 << register */
	bool zero;     /* it is going to return NULL */
	uint64_t slots[2];
};

/* Of one function. All arrays have an entry for each node of the flow. */
struct analysis {
	const struct points_query *query;
	struct flow flow;
	struct results *before; /* of each node */
	double *times;		/* how often a call comes by */
	int64_t *length;	/* of the shortest way to a return that has not failed */
	struct flow_val size;
	struct point *at;	/* a point before each node, if ways */
	struct point (*way)[2]; /* and on each way of a branch */
	struct point *begin;	/* a point that begins a call */
	uint8_t *passed;	/* proof: what has been passed there on some path, PASSED_ */
};

#define ALL_REGS 0xffff

/* No path from there returns. */
static inline bool is_dead(const struct results *r)
{
	return r->zero && r->regs == ALL_REGS;
}

/* Every path from there returns NULL. */
static inline bool is_failure(const struct results *r)
{
	return r->zero && !is_dead(r);
}

/* Does a path from there return? Negative: there is no such node. */
static inline bool is_live(const struct analysis *a, int32_t node)
{
	return node >= 0 && !is_dead(&a->before[node]);
}

/* points_results: what holds the result before each node; fills before. */
void points__find_results(struct analysis *a);
/* The same on the way from a node to next[k]. */
struct results points__on_way(const struct analysis *a, const struct flow_node *node, int k);

/* points_weigh: the shortest way from each node to a return that is no failure; fills length. */
void points__measure_ways(struct analysis *a);
/* How often a call comes by each node, if loops are gone through once; fills times. Returns 0 or
 * -ENOMEM. */
int points__weigh(struct analysis *a);
#endif
