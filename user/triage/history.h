/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history - all samples of a machine. It is fed texts of /proc by name, whether they come from this
 * machine now, from a recording, or from copies that somebody sent.
 *
 * Names are those below /proc ("meminfo", "4312/smaps_rollup"). Some texts are made by us:
 *
 *	machine		"PAGE_SIZE UID PID RELEASE" of who sampled
 *	slab/links	slabinfo__links(): caches that were merged, and those that can shrink
 *	tmpfs		"USED SIZE PATH" for each mounted tmpfs or ramfs, bytes; blanks as \040 in
 *the path 4312/statm	there, instead of smaps_rollup, of processes that we may not look into
 *	shm/files	"PID DEVICE:INODE BYTES NAME" for each memfd or deleted tmpfs file that a
 *			process has open, and with PID 0 for those in /dev/shm; escaped as in maps
 *	shm/attached	"PID SHMID MAPPINGS" for each process that has a System V segment attached,
 *and "PID DEVICE:INODE MAPPINGS" for memfds and files in /dev/shm
 *	hidden		there, if /proc shows a process only to its owner
 */
#ifndef TRIAGE_HISTORY_H
#define TRIAGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/meminfo.h"
#include "proc/rollup.h"
#include "proc/slabinfo.h"
#include "proc/sysvipc.h"
#include "proc/vmstats.h"
#include "triage/table.h"

#define HISTORY_MAX_SAMPLES 1000

/* What a machine's memory is used for, in bytes: those up to USE_FREE add up to all of it. */
enum use {
	USE_ANON,	  /* of processes */
	USE_FILE,	  /* page cache that can be dropped */
	USE_SHMEM,	  /* shm, memfd, tmpfs: pages in the cache that cannot */
	USE_SLAB_SHRINKS, /* reclaimable */
	USE_SLAB,	  /* not reclaimable */
	USE_PAGE_TABLES,
	USE_STACKS, /* of threads, in the kernel */
	USE_VMALLOC,
	USE_PERCPU,
	USE_HUGETLB,
	USE_OTHER, /* zswap, GPU, swap cache that nobody has mapped ... */
	USE_UNACCOUNTED,
	USE_FREE,
	/* Not parts of the whole: */
	USE_SOCKETS,
	USE_SWAP,
	USE_AVAILABLE,
	USES
};

struct process {
	pid_t pid;
	bool exact; /* from smaps or smaps_rollup; else an estimate from statm: RSS less shared */
	bool has_stat;
	struct pidstat stat_first, stat;
	struct rollup rollup_first, rollup;
};
/* What the process has for itself alone: USS, private huge pages, and what of it was swapped out.
 */
enum {
	PROCESS_OWN,
	PROCESS_SHMEM,
	PROCESS_THREADS,
	PROCESS_METRICS
};
enum {
	NAME_COUNT,
	NAME_OWN,
	NAME_METRICS
};
enum {
	SLAB_BYTES,
	SLAB_ACTIVE,
	SLAB_METRICS
};
enum {
	SEGMENT_BYTES,
	SEGMENT_ATTACHED,
	SEGMENT_METRICS
};
enum {
	CREATOR_BYTES,
	CREATOR_COUNT,
	CREATOR_METRICS
};
enum {
	FILE_BYTES,
	FILE_METRICS
};
enum {
	HOLDER_BYTES,
	HOLDER_COUNT,
	HOLDER_METRICS
};
enum {
	MOUNT_BYTES,
	MOUNT_METRICS
};
enum {
	SITE_BYTES,
	SITE_CALLS,
	SITE_METRICS
};

struct shm_file {
	pid_t holder;		      /* one that has it open; 0: a file in /dev/shm */
	uint64_t processes, mappings; /* that have it mapped; how often in all */
	char name[128];
};
struct attachment {
	pid_t pid;
	uint64_t shmid, mappings;
};

struct history {
	size_t samples;
	double *times; /* seconds, from any start */
	bool timed;    /* times are real ones */
	uint64_t page_size, uid;
	pid_t self; /* the process that sampled: not a suspect */
	char release[65];
	bool hidden;

	struct table uses; /* rows are enum use */
	bool has_use[USES];
	struct meminfo meminfo; /* the last one, like all that follow */
	struct meminfo meminfo_first;
	bool has_meminfo, has_vmstat, has_pressure, has_zones, has_slabs, has_segments, has_sites;
	struct vmstat vmstat_first, vmstat;
	struct pressure pressure;
	struct zones zones;

	struct table processes; /* key "PID:START" */
	struct process *process;
	long taken;	    /* row of the process whose stat came last */
	struct table names; /* processes by name */
	struct table slabs;
	struct slabinfo_cache *slab;
	struct table segments; /* key: shmid */
	struct shm_segment *segment;
	struct table creators; /* of System V segments, key: pid */
	struct table files;    /* of shmem, key "DEVICE:INODE" */
	struct shm_file *file;
	struct table holders; /* of such files, key: pid */
	struct table mounts;  /* of tmpfs, key: path */
	struct table sites;   /* of /proc/allocinfo */
	struct attachment *attached;
	size_t n_attached;
	char *slab_links;
	size_t slab_links_len;

	/* Of the last sample. */
	size_t kernel_threads, denied, seen;
	size_t bad; /* texts that made no sense, in all samples */
};

void history__init(struct history *h);
void history__clear(struct history *h);
/* What follows is of a new sample. Returns 0 or negative errno (-E2BIG: too many). */
int history__next_sample(struct history *h, double seconds);
/*
 * Take a text in. Unknown names are left alone, texts that make no sense are counted in bad: what
 * was not understood is missing, never wrong. Returns 0 or -ENOMEM.
 */
int history__take(struct history *h, const char *name, const char *text, size_t len);
/* All of the sample was taken. Returns 0 or -ENOMEM. */
int history__end_sample(struct history *h);
/* The row of a process in the last sample, by pid; -ENOENT. */
long history__process(const struct history *h, pid_t pid);
/* Its name, "?" if it is not known. */
const char *history__process_name(const struct history *h, pid_t pid);
double history__seconds(const struct history *h); /* from the first sample to the last */
#endif
