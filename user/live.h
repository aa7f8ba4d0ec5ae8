/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live - reads the table of outstanding blocks in memory that is shared with the BPF side, while
 * that goes on changing it. No system calls, unless it has to wait; kernels before 5.15:
 * live_hash.h.
 */
#ifndef LIVE_H
#define LIVE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/memleak.h"

struct live_hash;

struct live_table {
	struct live_slot *slot;
	size_t n;
	struct live_hash *hash; /* in their place: kernels before 5.15; NULL on others */
};

struct live_block {
	uint64_t addr, size; /* bytes */
	uint64_t birth;	     /* LIVE_BIRTH; a realloc keeps that of the first birth */
	uint32_t stack;	     /* key, 0: lost */
	uint32_t entry;	     /* index into the table of entry points */
	bool held;	     /* a realloc is at work on it */
};

/*
 * Begin a new epoch in the counts of all CPUs, which are stride apart. Returns it; *counted: what
 * they had counted until then.
 */
uint32_t live__next_epoch(__u64 *counts, int n_cpus, size_t stride, uint64_t *counted);
/*
 * Call fn for every block of that space, but those born in that epoch, which has just
 * begun. Every block born before is met, unless it has been removed: where one is just
 * being entered this waits for it. None is met twice. What is seen is marked as of no epoch, so
 * that epochs can be numbered anew. fn returns non-zero to stop, which is passed on.
 * Returns 0, fn's value or negative errno.
 */
int live__for_each(const struct live_table *table, uint32_t space, uint32_t epoch,
		   int (*fn)(const struct live_block *, void *), void *arg);
/*
 * Remove the blocks of the spaces before that one, up to 127 back: nobody else changes them, as
 * their program has ended. Returns how many they were.
 */
uint64_t live__purge(const struct live_table *table, uint32_t space);
#endif
