/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judgement - which outstanding blocks the program can still reach, as of one moment or of several.
 *
 *   judgement__scan → (some time later: judgement__scan, judgement__confirm) → judgement__find per
 * block
 */
#ifndef REACH_JUDGEMENT_H
#define REACH_JUDGEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/reach.h"

struct judgement;
struct maps;
struct rootname_thread;

/* An outstanding block. birth and stack are to tell it from others that were at its address. */
struct judgement_block {
	uint64_t addr, size, birth;
	uint32_t stack;
	bool held; /* in a realloc: not lost, whatever points to it */
};

struct judgement_opts {
	uint64_t max_pause_ns; /* 0: as long as it takes */
	uint64_t max_memory;   /* bytes, 0: what is available */
	bool unasked;	       /* half of it */
	/* Every block that is in use is known: what else is on the heap is not looked at. */
	bool all_known;
	bool at_call; /* see reach/roots.h */
	bool by_whom; /* note by whom each block is held */
	/*
	 * Call add for every outstanding block; done while the target stands still. Returns 0 or
	 * negative errno, or what add has returned.
	 */
	int (*blocks)(int (*add)(const struct judgement_block *b, void *to), void *to, void *arg);
	void *arg;
};

/*
 * Stop the process, copy, let it go on, and judge; where there is no memory for a copy judge before
 * it goes on. *out is the caller's. Returns 0, or negative
 * errno after the reason was put into how->why_not; how holds what was done.
 */
int judgement__scan(pid_t pid, const struct judgement_opts *opts, struct report_reach *how,
		    struct judgement **out);
void judgement__free(struct judgement *v);
/*
 * before is of an earlier scan: what was not lost then is not now, and what was not there then is
 * not judged.
 */
void judgement__confirm(struct judgement *v, const struct judgement *before);

struct judgement_of {
	enum reach_kind kind;
	uint64_t under_bytes, under_count; /* definite: indirectly lost through it */
};
/* Where a block's address is kept, and where the way begins that leads there. */
struct judgement_way {
	uint64_t at;	 /* of the pointer to it; 0: in a register */
	uint64_t holder; /* start of the block that this is in; 0: it is a root */
	uint64_t root;	 /* the first pointer of the way; 0: in a register */
	uint32_t steps;	 /* blocks that it leads through */
};
/* The shortest way to the block at addr. False: nobody holds it, or that was not asked for. */
bool judgement__way(const struct judgement *v, uint64_t addr, struct judgement_way *out);
/* Of the same moment, with by_whom. */
const struct maps *judgement__maps(const struct judgement *v);
const struct rootname_thread *judgement__threads(const struct judgement *v, size_t *n);

/* REACH_UNJUDGED for a block that was not there. */
struct judgement_of judgement__find(const struct judgement *v, const struct judgement_block *b);
#endif
