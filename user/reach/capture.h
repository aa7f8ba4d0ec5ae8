/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture - a process as of one moment: its threads' registers, its memory map, and all memory that
 * pointers may be in. It stands still while that is copied, and no longer; where there is no room
 * for a copy, until it has been judged.
 */
#ifndef REACH_CAPTURE_H
#define REACH_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/maps.h"

struct memcopy;
struct stop;

#define CAPTURE_WHY_NOT 240

struct capture {
	pid_t pid;
	struct maps maps;
	struct memcopy *memory;
	struct stop *stop;	   /* what is known of the threads */
	uint64_t pause_ns, copied; /* how long it stood still; bytes */
	uint64_t swapped;	   /* bytes that were in swap: reading brings them back */
	uint64_t began_ns;	   /* of the stop, while it lasts; 0: it is over */
};

struct capture_opts {
	uint64_t max_pause_ns; /* 0: as long as it takes */
	/* Bytes that may be taken; 0: what is available, or of that half if nobody has asked. */
	uint64_t max_memory;
	bool unasked;
	/* The caller calls capture__let_go: what does not fit may be read as it is asked for. */
	bool may_wait;
	/*
	 * Note down what has to be of the same moment: called before the target is stopped, to see
	 * how long that takes, and again while it stands still. Returns how many blocks there are,
	 * or negative errno. May be NULL.
	 */
	int64_t (*note)(bool stopped, void *arg);
	void *arg;
};

/*
 * Stop, copy, let it go on; or stop. Returns 0; or negative errno, and the reason, a sentence
 * without its stop, in why_not. c is cleared by the caller in either case.
 */
int capture__take(pid_t pid, const struct capture_opts *opts, struct capture *c,
		  char why_not[CAPTURE_WHY_NOT]);
/*
 * Of the memory nothing will be asked any more. Returns 0; or negative errno, and why not all that
 * was told of it is true: it ended, the time was over.
 */
int capture__let_go(struct capture *c, char why_not[CAPTURE_WHY_NOT]);
void capture__clear(struct capture *c);
#endif
