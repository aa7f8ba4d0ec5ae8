/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysvipc - System V shared memory segments: /proc/sysvipc/shm (proc_sysvipc(5), ipc/shm.c
 * sysvipc_shm_proc_show). A segment is mapped as a file "/SYSV" + key in hexadecimal, marked
 * "(deleted)", whose inode number is the segment's shmid.
 *
 * Process ids are those of the reader's pid namespace, 0 for one outside; segments those of its
 * ipc namespace.
 */
#ifndef PROC_SYSVIPC_H
#define PROC_SYSVIPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In mode: goes away with the last detach (SHM_DEST). */
#define SHM_SEGMENT_DOOMED 01000

struct shm_segment {
	uint32_t key; /* 0: IPC_PRIVATE */
	uint32_t mode;
	uint64_t shmid;	     /* never negative */
	uint64_t size;	     /* bytes, as asked for */
	pid_t creator, last; /* who made it; who attached or detached last */
	uint64_t attached;   /* how many mappings there are */
	uid_t uid;
	uint64_t rss, swap; /* bytes; 0 before Linux 2.6.32, see has_rss */
	uint64_t changed;   /* seconds since 1970: created, or its owner changed */
	bool has_rss;
};

struct shm_segments {
	struct shm_segment *seg; /* in the kernel's order */
	size_t n;
};

/*
 * Columns are told by their headings: unknown ones are skipped, lines that make no sense are
 * skipped and counted in *bad (may be NULL). Returns 0, -EINVAL: no headings of this table, or
 * -ENOMEM; then there are no segments. shm_segments__clear frees them.
 */
int shm_segments__parse(const char *text, size_t len, struct shm_segments *segments, size_t *bad);
/* The running kernel's. -ENOENT: it has no System V IPC. */
int shm_segments__read(struct shm_segments *segments);
void shm_segments__clear(struct shm_segments *segments);
/* NULL: none of this id. */
const struct shm_segment *shm_segments__find(const struct shm_segments *segments, uint64_t shmid);
#endif
