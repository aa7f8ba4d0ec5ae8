/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leakcheck - --reach: when a session looks at what its target can still reach.
 *
 * A command that we started is looked at when it calls _exit.
 * A process that runs is stopped for as long as its memory is copied; where there is no room for
 * that, as it is judged.
 */
#ifndef LEAKCHECK_H
#define LEAKCHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct leakcheck;
struct report;
struct session;
struct snapshot;

struct leakcheck_opts {
	pid_t pid;
	bool started;	      /* all of its allocations have been followed */
	bool some_allocators; /* those of one object only, or with a prefix */
	bool only_at_exit;    /* never while it runs */
	bool by_whom;	      /* tell who holds what can still be reached */
	bool debuginfod;
	uint64_t max_pause_ns;
	uint64_t max_memory; /* bytes that a look may take, 0: what is available */
	uint64_t confirm_ns; /* one look is not enough, a second one so much later agrees; 0: it is
			      */
};

/* NULL: no memory. */
struct leakcheck *leakcheck__new(const struct leakcheck_opts *opts, struct session *session,
				 struct snapshot *snapshot);
void leakcheck__free(struct leakcheck *lc);
/* The process runs another program from now on, of which all is followed. */
void leakcheck__restart(struct leakcheck *lc);
/* The started program stands still in its _exit: see exitpoints.h. */
void leakcheck__at_exit(struct leakcheck *lc);
/* A report is due in a while: look for the first of two times. */
void leakcheck__look_early(struct leakcheck *lc);
/*
 * A report is made now: the snapshot gets a verdict, if one is to be had. ended: the target has.
 */
void leakcheck__look(struct leakcheck *lc, bool ended);
/* Put into the report how it was looked, or why not. */
void leakcheck__complete(const struct leakcheck *lc, struct report *r);
#endif
