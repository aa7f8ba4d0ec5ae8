/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger - what prog/ledger.c and judge/ledger.c share: the program's own account of its heap.
 *
 * The memory is a memfd, whose descriptor is the program's first argument. The judge writes an
 * order and sets turn to LEDGER_PROGRAM; the program carries it out and sets turn to LEDGER_JUDGE.
 * While it is the judge's turn, nothing changes.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdint.h>

/* linux/futex.h, which musl-gcc does not find. */
#define LEDGER_FUTEX_WAIT 0
#define LEDGER_FUTEX_WAKE 1

#define LEDGER_THREADS 4
#define LEDGER_SLOTS 96

enum ledger_turn {
	LEDGER_PROGRAM, /* the program's, at its start as well */
	LEDGER_JUDGE,
};

enum ledger_order {
	LEDGER_RUN,   /* free all blocks, then run the random program of seed */
	LEDGER_CLEAR, /* free all blocks */
	LEDGER_ON,    /* run random programs, from seed on, until stop is set */
	LEDGER_END,
};

/* A block that is live. Whoever holds busy may touch it. */
struct ledger_block {
	uint32_t busy;
	uint32_t tracked; /* its size is within [min_size, max_size] */
	uint32_t thread;  /* that it is of */
	uint64_t addr;	  /* 0: none */
	uint64_t size;
};

/* What each thread has done, as the tracer is to see it. */
struct ledger_count {
	uint64_t seen;	    /* allocations that are recorded */
	uint64_t freed;	    /* of these, freed; also by a realloc that moves */
	uint64_t failed;    /* calls of sizes that are followed, but returned no memory */
	uint64_t filtered;  /* calls of other sizes */
	uint64_t untracked; /* calls to free of such blocks */
	uint64_t calls;	    /* of all allocator functions */
} __attribute__((aligned(64)));

struct ledger {
	uint32_t turn; /* enum ledger_turn, a futex */
	uint32_t order;
	uint64_t seed;
	uint64_t min_size, max_size;
	uint32_t stop;
	uint32_t forks;	  /* children, of all programs so far */
	uint32_t signals; /* handled outside of the allocator, and used */
	uint32_t sorts;	  /* qsort calls whose comparisons allocate */
	uint32_t handed;  /* blocks freed or grown by another thread than their last one */
	uint32_t broken;  /* blocks whose contents were not what had been written */
	struct ledger_count count[LEDGER_THREADS];
	struct ledger_block block[LEDGER_SLOTS];
};

#endif
