/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict - what a history comes to: which parts of memory, processes and caches grow, how surely,
 * and what to look at next. Pure arithmetic: prints nothing.
 */
#ifndef TRIAGE_VERDICT_H
#define TRIAGE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "trend.h"
#include "triage/history.h"

/* A row of a table with its trend. */
struct ranked {
	long row;
	double size, growth; /* the last value; last less first */
	struct trend trend;
};
struct ranking {
	struct ranked *at; /* what grows steadily first, then by growth, then by size */
	size_t n;
};

enum finding_kind {
	FOUND_PROCESS,	  /* row: of processes */
	FOUND_NAME,	  /* more and more processes of a name; row: of names */
	FOUND_SHMEM,	  /* shared memory; row: of what, see holder */
	FOUND_ATTACHMENT, /* of a segment again and again; row: of segments */
	FOUND_SLAB,	  /* row: of slabs */
	FOUND_USE,	  /* row: an enum use */
	FOUND_AVAILABLE,  /* memory becomes less, and nothing above says why */
};
enum holder {
	HOLDER_UNKNOWN, /* all of shm, memfd and tmpfs, and none of these */
	HOLDER_CREATOR, /* of System V segments; row: of creators */
	HOLDER_FILES,	/* who has memfds and deleted files open; row: of holders */
	HOLDER_MOUNT,	/* files in a tmpfs; row: of mounts */
};
/* What kind of memory a process's growth is. */
enum mechanism {
	GROWS_ANON,
	GROWS_SHMEM,
	GROWS_THREADS
};

struct finding {
	enum finding_kind kind;
	long row;
	enum holder holder;	  /* of FOUND_SHMEM */
	enum mechanism mechanism; /* of FOUND_PROCESS */
	bool young;		  /* a process that started shortly before: it may be warming up */
	double age;		  /* of that, seconds at the last sample; 0: not known */
	struct trend trend;	  /* in bytes; of FOUND_ATTACHMENT: in mappings */
};

#define VERDICT_MAX_FINDINGS 64
#define VERDICT_MAX_PROCESSES 32 /* of them */

struct verdict {
	struct trend use[USES]; /* USE_AVAILABLE: of what there is less, so that it grows when
				   memory goes */
	struct ranking processes, names, slabs, segments, sites, creators, holders, mounts;
	struct finding finding[VERDICT_MAX_FINDINGS]; /* the fastest first, young processes last */
	size_t n;
	/* Segments that nobody has attached. */
	size_t orphans;
	double orphan_bytes;
	/* Processes that were not there all the time. */
	size_t came, went;
};

/* Returns 0 or -ENOMEM. */
int verdict__find(const struct history *h, struct verdict *v);
void verdict__clear(struct verdict *v);
/*
 * Seconds until memory and swap are used up if it goes on like that; INFINITY: never, NAN: not
 * known.
 */
double verdict__seconds_left(const struct history *h, double bytes_per_second);
#endif
