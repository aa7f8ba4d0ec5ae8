/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* live - the live table for BPF programs: live_table.h in a map. */
#ifndef LIVE_BPF_H
#define LIVE_BPF_H

#include "maps.bpf.h"

/* Blocks that are outstanding (live_table.h). User space reads it through mmap. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct live_slot);
} live __weak SEC(".maps");

static __always_inline struct live_slot *live_slot(__u64 index)
{
	__u32 i = index;

	return bpf_map_lookup_elem(&live, &i);
}

/* With the old value fetched, the kernel makes it a full barrier. */
static __always_inline void live_and(__u64 *p, __u64 mask)
{
	__u64 old = __sync_fetch_and_and(p, mask);

	barrier_var(old);
}

#define LIVE_SLOT(i) live_slot(i)
#define LIVE_NEAR cfg.live_near
#define LIVE_FAR cfg.live_far
#define LIVE_CAS(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define LIVE_AND(p, mask) live_and(p, mask)
#define LIVE_ADD(p, v) __sync_fetch_and_add(p, v)
#define LIVE_LOAD(p) (*(volatile __u64 *)(p))
#define LIVE_STORE(p, v) (*(volatile __u64 *)(p) = (v))
#define LIVE_FUNC VERIFIED_ONCE
#include "live_table.h"

/* The realloc has failed: the block that it holds is what it was before. */
static __always_inline void live_release(const struct pending_call *call)
{
	live_put_back(call->old);
}

/* What the block is that a realloc holds. */
static __always_inline __u64 live_held_what(const struct pending_call *call)
{
	struct live_slot *slot = live_slot(call->old);

	return slot ? LIVE_LOAD(&slot->what) : 0;
}

/* The block that a realloc holds is gone. Always true. */
static __always_inline bool live_give_up(const struct pending_call *call)
{
	live_drop(call->old);
	return true;
}

#endif
