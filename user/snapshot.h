/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot - what is outstanding now, as a report whose account balances.
 *
 * The target runs on while its blocks are read. A new epoch begins with the snapshot, in the word
 * that counts allocations, so it is known exactly which blocks belong to the snapshot: those born
 * before it. Of these, whatever is found in the table is outstanding, and the rest has been freed
 * or lost.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "reach/judgement.h"
#include "report/estimate.h"

struct mappings;
struct model;
struct reconcile;
struct report;
struct session;
struct stacks;

struct snapshot {
	struct session *session;
	const struct mappings *mappings;
	struct stacks *stacks;
	struct model *model;
	struct reconcile *reconcile; /* is told of each block, begun by the caller; NULL: none */
	struct sampling sampling;    /* how blocks were drawn */
	const struct judgement *verdict; /* on the blocks that are outstanding; NULL: none */
	uint64_t gone_exec;		 /* blocks given up by execve so far */
	uint32_t space;			 /* the blocks of those before have been given up */
};

/*
 * Take one. ended: nothing changes any more. all_ages: no age filter. Returns 0 or negative errno;
 * *out is the caller's.
 */
int snapshot__take(struct snapshot *s, bool ended, bool all_ages, struct report **out);
/*
 * Call fn for every block of the heap that is outstanding now, all of them if the target stands
 * still. Returns 0, fn's value or negative errno.
 */
int snapshot__blocks(struct snapshot *s, int (*fn)(const struct judgement_block *b, void *arg),
		     void *arg);
/* The target has called execve: drop the blocks of the program before. */
void snapshot__forget_old_program(struct snapshot *s);
#endif
