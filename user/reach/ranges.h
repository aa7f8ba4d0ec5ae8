/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ranges - a set of address ranges. */
#ifndef REACH_RANGES_H
#define REACH_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end;
};

struct ranges {
	struct range *range;
	size_t n, max;
};

/* Empty ones are left out. Returns 0 or -ENOMEM. */
int ranges__add(struct ranges *r, uint64_t start, uint64_t end);
/* Sort and merge: before the functions below. */
void ranges__settle(struct ranges *r);
/*
 * Call fn for the parts of [start, end) that are in none of the ranges, lowest first. fn returns
 * non-zero to stop, which is passed on.
 */
int ranges__outside(const struct ranges *r, uint64_t start, uint64_t end,
		    int (*fn)(uint64_t start, uint64_t end, void *arg), void *arg);
/* How many bytes of [start, end) are in the ranges. */
uint64_t ranges__covered(const struct ranges *r, uint64_t start, uint64_t end);
void ranges__clear(struct ranges *r);
#endif
