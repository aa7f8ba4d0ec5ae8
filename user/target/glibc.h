/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glibc - the arenas of glibc's malloc in another process, read from outside while it runs.
 *
 * Heaps of arenas other than the main one are found by their headers (struct heap_info, in the
 * first bytes of every 64 MiB of address space that they lie in; malloc/arena.c); the main arena,
 * a static variable without a symbol, by the ring that all arenas are in, or by its bins that
 * point to themselves (struct malloc_state; malloc/malloc.c). Everything is checked against what
 * such structures have to look like; what does not is not believed.
 */
#ifndef TARGET_GLIBC_H
#define TARGET_GLIBC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procmem;
struct smaps;

#define GLIBC_HEAP_MAX (64ULL << 20) /* on 64-bit machines, without hugetlb pages */

struct glibc_heap {
	uint64_t start, end; /* what may be used of it */
	uint64_t arena;	     /* address */
	size_t number;	     /* of the arena, from 1 on */
};

struct glibc_heaps {
	struct glibc_heap *heap; /* by address */
	size_t n;
	size_t n_arenas;
};

/* Returns 0 or -ENOMEM; glibc_heaps__clear frees it. No heap at all is all right. */
int glibc_heaps__find(const struct procmem *mem, const struct smaps *s, struct glibc_heaps *heaps);
void glibc_heaps__clear(struct glibc_heaps *heaps);

/*
 * How many bytes from start on are blocks that malloc has mapped for each of them alone, one after
 * the other; *n: how many blocks. A mapping of the program itself may look like one only if it
 * stores its own length where malloc does.
 */
uint64_t glibc__mapped_blocks(const struct procmem *mem, uint64_t start, uint64_t end, size_t *n);

/* What all arenas hold for later. */
struct glibc_free {
	bool known;	 /* the main arena was found, and all arenas made sense */
	bool at_least;	 /* lists changed while they were read, or were too long: there is more */
	uint64_t bytes;	 /* in bins, fast bins, and at the ends of heaps */
	uint64_t top;	 /* of these at the ends of heaps */
	uint64_t chunks; /* in lists */
	uint64_t system; /* what malloc has got from the kernel for arenas */
	size_t arenas;
};

/*
 * Walks the free lists, max_chunks at most: one read each. Caches of threads (tcache) are not seen;
 * there are at most some 240 KiB in each. Returns 0 or -ENOMEM.
 */
int glibc__free_memory(const struct procmem *mem, const struct smaps *s, size_t max_chunks,
		       struct glibc_free *out);
#endif
