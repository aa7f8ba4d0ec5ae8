/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overlay - which of many address ranges covers an address: the one that was added last.
 *
 * For code that is replaced while the program runs. Add some, seal, look up in O(log n), add more.
 * What a later range does not cover of an earlier one stays known.
 */
#ifndef SYM_OVERLAY_H
#define SYM_OVERLAY_H

#include <stddef.h>
#include <stdint.h>

struct overlay_range {
	uint64_t start, end; /* [start, end) */
	const void *value;
};

struct overlay {
	struct overlay_range *range; /* disjoint and sorted */
	size_t n;
	struct overlay_range *added; /* since the last seal, as added */
	size_t n_added, added_room;
};

/* Empty ranges are dropped. Returns 0, -ENOMEM, or -E2BIG: 2^31 ranges wait for the seal. */
int overlay__add(struct overlay *o, uint64_t start, uint64_t end, const void *value);
/* Let what was added count. Returns 0, or -ENOMEM: nothing has changed, try again. */
int overlay__seal(struct overlay *o);
/* The value of the last sealed range that covers addr, NULL if none. */
const void *overlay__find(const struct overlay *o, uint64_t addr);
void overlay__clear(struct overlay *o);
#endif
