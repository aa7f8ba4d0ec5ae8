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
#define LIVE_ADD(p, v) __sync_fetch_and_add(p, v)
#define LIVE_LOAD(p) (*(volatile __u64 *)(p))
#define LIVE_STORE(p, v) (*(volatile __u64 *)(p) = (v))
#define LIVE_FUNC VERIFIED_ONCE
#include "live_table.h"

#endif
