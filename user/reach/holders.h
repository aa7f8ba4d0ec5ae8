/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holders - by whom a block is held: the shortest way from a root to it, pointer by pointer.
 *
 *   holders__new → holders__value, holders__range per root → holders__finish → holders__of
 *
 * Any pointer counts, also one to a block's middle. Of ways of the same length it is the one whose
 * root was given first.
 */
#ifndef REACH_HOLDERS_H
#define REACH_HOLDERS_H

#include <stddef.h>
#include <stdint.h>

#include "reach/mark.h"

struct holders;
struct memcopy;

#define HOLDERS_ROOT UINT32_MAX	      /* not a block */
#define HOLDERS_NONE (UINT32_MAX - 1) /* no way leads to it */

struct holder {
	uint32_t block; /* index of the block that holds the pointer, HOLDERS_ROOT or _NONE */
	uint64_t at;	/* where the pointer is; of a root that is a register: 0 */
};

/* blocks are sorted by address and do not overlap; both are borrowed. Returns 0, -ENOMEM, -EFBIG.
 */
int holders__new(const struct memcopy *memory, const struct mark_block *blocks, size_t n,
		 struct holders **out);
void holders__free(struct holders *h);
void holders__value(struct holders *h, uint64_t value); /* of a register */
/* What of [start, end) is in no block. */
void holders__range(struct holders *h, uint64_t start, uint64_t end);
/* All roots are given. */
void holders__finish(struct holders *h);
struct holder holders__of(const struct holders *h, size_t block);
/* Where the way to a block that is held begins: the address, 0: in a register. */
uint64_t holders__root(const struct holders *h, size_t block);
/* How many blocks it leads through. */
uint32_t holders__steps(const struct holders *h, size_t block);
#endif
