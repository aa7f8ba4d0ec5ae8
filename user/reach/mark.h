/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark - which blocks can still be reached from the roots, and by what kind of pointers.
 *
 *   marker__new → marker__value, marker__range per root → marker__finish
 *
 * The kinds are those of Valgrind's memcheck (Valgrind User Manual, 4.2.8, "Memory leak
 * detection"). A start-pointer points to a block's first byte, an interior-pointer to another one.
 * Pointers are words at addresses that are multiples of 8.
 *	reachable	by a chain of start-pointers from a root
 *	possible	by chains in each of which there is an interior-pointer
 *	indirect	only from blocks that are lost
 *	definite	by none at all, or in a ring of blocks that nothing points into: then one of
 *			them, that with the lowest address
 * Interior-pointers that C++ makes on purpose count as start-pointers, as they do there with
 * --leak-check-heuristics=all, its default (manual, 4.3).
 *
 * Memcheck finds two definitely lost blocks where a ring is entered from a block behind it, and not
 * at its lowest address: by the definition there is one, and that is what is told here.
 *
 * Memcheck also knows which words were ever written since their memory was handed out, and follows
 * only these; from outside that cannot be seen, so what a block or a stack held before may still
 * keep something reachable here.
 */
#ifndef REACH_MARK_H
#define REACH_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/reach.h"

struct memcopy;
struct marker;

struct mark_block {
	uint64_t addr, size;
	uint64_t under_bytes, under_count; /* definite: what is indirectly lost through it */
	uint32_t tag;			   /* the caller's */
	uint8_t kind;			   /* enum reach_kind */
	bool held;			   /* someone is at work on it: reachable */
	bool counted;			   /* the marker's */
};

struct marker_opts {
	/* Does a vtable begin at addr? Asked for addresses that objects begin with. May be NULL. */
	bool (*is_vtable)(uint64_t addr, void *arg);
	void *arg;
	unsigned int threads; /* that read the blocks; 0: as many as we have CPUs */
};

/*
 * blocks are the caller's, and are sorted by address here. A block that others lie in (a pool) is
 * taken for reachable, and what of it is no other block for a root. Returns 0, -ENOMEM or -EFBIG.
 */
int marker__new(const struct memcopy *memory, struct mark_block *blocks, size_t n,
		const struct marker_opts *opts, struct marker **out);
void marker__free(struct marker *mk);
/* A root that is one word: a register. */
void marker__value(struct marker *mk, uint64_t value);
/* A root: what of the copy lies in [start, end) and is in no block. */
void marker__range(struct marker *mk, uint64_t start, uint64_t end);
/* All roots are given: tell the kinds. */
void marker__finish(struct marker *mk);
#endif
