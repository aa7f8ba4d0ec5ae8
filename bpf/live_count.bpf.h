/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * live_count - how many blocks of each hash are in the live table, where hardly any is: of a
 * sample.
 *
 * Most frees are then of blocks that are not there, and to look for each in a table that is too
 * large for the caches takes as long as half a trap. These counts fit. They are never less than
 * what there is: raised before a block is entered, lowered when it has gone. (What user space
 * removes after an execve stays counted: some more looks, nothing else.)
 */
#ifndef LIVE_COUNT_BPF_H
#define LIVE_COUNT_BPF_H

#include "maps.bpf.h"

#define LIVE_COUNT_BITS 14
__u32 live_counts[1 << LIVE_COUNT_BITS] __weak = {};

/* Are not all allocations followed? */
static __always_inline bool live_is_sample(void)
{
	return cfg.sample > 1 || cfg.sample_digits;
}

static __always_inline __u32 *live_count(__u64 addr)
{
	/* Knuth, TAOCP 6.4 */
	return &live_counts[addr * 0x9E3779B97F4A7C15ULL >> (64 - LIVE_COUNT_BITS)];
}

/* May a block be there? */
static __always_inline bool live_may_hold(__u64 addr)
{
	return !live_is_sample() || *(volatile __u32 *)live_count(addr);
}

/* A block comes, 1, or has gone, -1. */
static __always_inline void live_recount(__u64 addr, __s32 change)
{
	if (live_is_sample())
		__sync_fetch_and_add(live_count(addr), change);
}

#endif
