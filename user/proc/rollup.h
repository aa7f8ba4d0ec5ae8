/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rollup - what a process holds: the sums of /proc/PID/smaps_rollup (Linux 4.14), or of
 * /proc/PID/smaps, which has the same lines for each mapping (proc_pid_smaps(5)); and
 * /proc/PID/stat.
 */
#ifndef PROC_ROLLUP_H
#define PROC_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All in bytes. */
struct rollup {
	uint64_t size; /* of smaps only: address space */
	uint64_t rss, pss;
	uint64_t pss_anon, pss_file, pss_shmem; /* Linux 5.4; smaps: 0 */
	uint64_t shared, private;		/* clean and dirty; private is the USS */
	uint64_t hugetlb;			/* private huge pages: in none of the others */
	uint64_t anonymous, locked;
	uint64_t swap, swap_pss;
};

/* Both formats. Returns 0, or -EINVAL: no line of either; an empty file is that, of a kernel thread
 * or zombie. */
int rollup__parse(const char *text, size_t len, struct rollup *r);

#define PIDSTAT_COMM 64

struct pidstat {
	char comm[PIDSTAT_COMM]; /* any bytes but NUL */
	char state;
	bool kernel_thread;
	pid_t ppid;
	uint64_t minor_faults, major_faults, threads;
	uint64_t start; /* clock ticks after boot: tells processes of one pid apart */
	uint64_t vsize; /* bytes */
	uint64_t rss;	/* pages; lags behind by up to a batch for each CPU or thread */
};
/* Returns 0 or -EINVAL. */
int pidstat__parse(const char *text, size_t len, struct pidstat *s);
#endif
