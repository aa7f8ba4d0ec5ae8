/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chunks - the blocks that glibc's malloc has handed out and not got back, found in a copy of a
 * process's memory: whenever they were allocated.
 *
 * Each heap is walked from its first chunk to its end (reach/heap.h); what the free lists and the
 * threads' caches do not hold is in use. Each chunk has to agree with the one before it on whose it
 * is, and on whether that is free, and each arena's chunks with the bytes that malloc says it has
 * got. A heap that does not is given up as a whole, and said so. Large blocks have mappings of
 * their own: what is found of them is compared with malloc's count.
 */
#ifndef REACH_CHUNKS_H
#define REACH_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reach/heap.h"

struct maps;
struct memcopy;

/*
 * What malloc has returned, and how much of that may be used. That is what malloc was asked for,
 * rounded up: 0 to 15 bytes more, 24 at least; at most 47, when what is left of a free chunk was
 * too small for another one; up to a page with a mapping of its own.
 */
struct chunk {
	uint64_t addr, size;
};

struct chunks {
	struct chunk *chunk; /* in use, by address */
	size_t n, max;
	uint64_t bytes;			     /* sum of their sizes */
	uint64_t mapped_count, mapped_bytes; /* of these, with mappings of their own */
	uint64_t free_count, free_bytes;     /* in lists and caches; with headers */
	uint64_t top_bytes;		     /* at the ends of heaps */
	uint64_t given_up;		     /* bytes of heaps that make no sense */
	size_t heaps, heaps_given_up;
	uint64_t odd; /* chunks that were changing hands: neither in use nor free */
	struct heap_found found;
	bool mapped_told; /* malloc's count of mappings was found: */
	uint64_t told_count, told_bytes;
};

/*
 * opts: tls and n_tls. Adds to dead all memory of heaps that were understood and is in no chunk in
 * use; it is settled then. Returns 0, -ENOENT: there is no glibc malloc in it, or -ENOMEM.
 */
int chunks__find(const struct memcopy *memory, const struct maps *maps,
		 const struct heap_opts *opts, struct ranges *dead, struct chunks *out);
void chunks__clear(struct chunks *c);
#endif
