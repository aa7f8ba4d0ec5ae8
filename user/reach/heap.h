/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heap - which memory glibc's malloc has under it, in a copy of a process's memory: what of it is
 * in no outstanding block is free, or malloc's own, and holds stale pointers.
 *
 * The structures are those of malloc/malloc.c and malloc/arena.c (struct malloc_state, heap_info,
 * malloc_chunk, tcache_perthread_struct), 2.17 to 2.41. They may be corrupt, or some day be others:
 * everything is compared with what it has to look like. What is not believed is not in the result,
 * so its memory is taken for what the program may look into.
 */
#ifndef REACH_HEAP_H
#define REACH_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "reach/ranges.h"

struct maps;
struct memcopy;

/* Chunks one behind the other, from first on, exactly up to end: top, or the end of an old heap. */
struct heap_chain {
	uint64_t first, end; /* first 0: there is no such chain, though there is a heap up to end */
	uint64_t bytes;	     /* of the whole heap, with what is no chunk */
	bool is_main;
	uint64_t top; /* bytes behind end that malloc keeps; 0: it is an old heap */
};

struct heap_opts {
	/*
	 * All blocks that are in use are known. Then all memory of the heap that is in none of them
	 * is told. Otherwise, only that which malloc keeps for later: bins, fast bins, tcache, top.
	 */
	bool all_known;
	const uint64_t *tls; /* thread pointers: each thread keeps a tcache */
	size_t n_tls;
	/* Called for each heap; returns 0 or negative errno. May be NULL. */
	int (*chain)(const struct heap_chain *chain, void *arg);
	void *arg;
};

struct heap_found {
	bool known;	  /* glibc's main arena was found */
	bool main_walked; /* its heap makes sense from the first chunk to the last */
	size_t arenas;
	uint64_t main_arena; /* where it is, 0: not found */
	size_t tcaches;	     /* of threads */
	size_t broken;	     /* lists that make no sense: what is in them looks as if in use */
};

/*
 * Add what is no root to dead, and all heaps to heaps (for telling how much of them is). Ranges are
 * not settled. Returns 0 or -ENOMEM.
 */
int heap__find(const struct memcopy *memory, const struct maps *maps, const struct heap_opts *opts,
	       struct ranges *dead, struct ranges *heaps, struct heap_found *found);
#endif
