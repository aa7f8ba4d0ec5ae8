/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rangemap - which of many address ranges covers an address: the innermost one.
 *
 * Ranges may nest and overlap in any way; where several cover an address, the one that starts last
 * wins, of those the shortest, of equal ones the smallest value. Fill, seal, then look up in
 * O(log n).
 */
#ifndef SYM_RANGEMAP_H
#define SYM_RANGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end; /* [start, end) */
	uint64_t value;
};

struct rangemap {
	struct range *ranges; /* before the seal: as added; after: disjoint and sorted */
	size_t n, room;
};

/* Add a range; empty ones are dropped. Returns 0, -ENOMEM, or -E2BIG past the built-in limit. */
int rangemap__add(struct rangemap *m, uint64_t start, uint64_t end, uint64_t value);
int rangemap__seal(struct rangemap *m); /* 0 or -ENOMEM */
/* After the seal: the piece that covers addr, NULL if none. */
const struct range *rangemap__find(const struct rangemap *m, uint64_t addr);
void rangemap__clear(struct rangemap *m);
#endif
