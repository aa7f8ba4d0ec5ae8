/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* live - the live table for BPF programs: live_table.h in a map. */
#ifndef LIVE_BPF_H
#define LIVE_BPF_H

#include "maps.bpf.h"

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
#define LIVE_HOMES cfg.live_slots
#define LIVE_CAS(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define LIVE_AND(p, mask) live_and(p, mask)
#define LIVE_LOAD(p) (*(volatile __u64 *)(p))
#define LIVE_STORE(p, v) (*(volatile __u64 *)(p) = (v))
#define LIVE_FUNC VERIFIED_ONCE
#include "live_table.h"

/* Add a block. Returns 0, 1: it replaces one at its address, or -1: no room. */
static __always_inline int live_insert(__u64 addr, __u64 what, __u64 when)
{
	__u64 index = live_find(addr, LIVE_SPACE(what));

	if (index != LIVE_NONE && live_replace(index, addr, what, when))
		return 1;
	return live_add(addr, what, when) ? 0 : -1;
}

/* Take a block out; *what and *when are its words. False: it is not there. */
static __always_inline bool live_take(__u64 addr, __u32 space, __u64 *what, __u64 *when)
{
	__u64 index = live_find(addr, space & 255);
	struct live_slot *slot;

	if (index == LIVE_NONE)
		return false;
	slot = live_slot(index);
	if (!slot)
		return false;
	*what = LIVE_LOAD(&slot->what);
	*when = LIVE_LOAD(&slot->when);
	return live_clear(index, addr);
}

/* Remove a block. False: it is not there. */
static __always_inline bool live_remove(__u64 addr, __u32 space)
{
	__u64 index = live_find(addr, space & 255);

	return index != LIVE_NONE && live_clear(index, addr);
}

/* A block has another size now, if it is there. */
static __always_inline void live_resize(__u64 addr, __u32 space, __u64 size)
{
	__u64 index = live_find(addr, space & 255);
	struct live_slot *slot = index != LIVE_NONE ? live_slot(index) : NULL;

	if (slot)
		LIVE_STORE(&slot->what, LIVE_WHAT(size, space, LIVE_ENTRY(slot->what)));
}

#endif
