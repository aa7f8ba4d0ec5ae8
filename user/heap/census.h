/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * census - all blocks of a process's heap as of one moment, whenever they were allocated, and which
 * of them it can still reach. Nothing is attached to it; it stands still while its memory is
 * copied.
 */
#ifndef HEAP_CENSUS_H
#define HEAP_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/capture.h"
#include "reach/chunks.h"
#include "reach/holders.h"
#include "reach/mark.h"
#include "report/reach.h"

struct census {
	struct capture capture;
	struct chunks chunks;	  /* but for the list of them: they are blocks */
	struct mark_block *block; /* by address, with its verdict */
	size_t n;
	size_t threads;
	struct reach_sum sum[REACH_KINDS];
	uint64_t mark_ns;
	struct holders *holders; /* NULL: not wanted */
};

struct census_opts {
	uint64_t max_pause_ns; /* 0: as long as it takes */
	bool by_whom;	       /* note by whom each block is held */
};

/*
 * Returns 0; or negative errno, and the reason, a sentence without its stop, in why_not. *c is
 * cleared by the caller in either case.
 */
int census__take(pid_t pid, const struct census_opts *opts, struct census *c,
		 char why_not[CAPTURE_WHY_NOT]);
void census__clear(struct census *c);
#define CENSUS_SIZES 48

/* Blocks of up to 1 << i bytes, and of more than those of the class before. */
struct size_class {
	struct reach_sum all, lost; /* definitely and indirectly */
};

/* What malloc was asked for is in the same or in the class before. */
void census__sizes(const struct census *c, struct size_class class[CENSUS_SIZES]);
/* The block that holds addr, or NULL. */
const struct mark_block *census__find(const struct census *c, uint64_t addr);
#endif
