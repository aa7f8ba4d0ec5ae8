/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cut - the cheapest set of arcs of a graph that every path from its source to its sink crosses
 * exactly once (a minimum cut; Ford and Fulkerson, 1956). No path may cross back, so arcs that must
 * not be crossed get a capacity against their direction, too.
 */
#ifndef ELF_CUT_H
#define ELF_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUT_NEVER (1LL << 40) /* cost of an arc that cannot be cut */

struct cut;

struct cut *cut__new(size_t n_nodes); /* NULL: no memory */
void cut__free(struct cut *c);
/* An arc that costs so much to cut; it is never crossed backwards. Returns 0 or -ENOMEM. */
int cut__arc(struct cut *c, uint32_t from, uint32_t to, int64_t cost);
/* Returns the cost, CUT_NEVER or more: there is none; or -ENOMEM. */
int64_t cut__solve(struct cut *c, uint32_t source, uint32_t sink);
/* Once solved: does the node lie on the source's side? */
bool cut__is_before(const struct cut *c, uint32_t node);
#endif
