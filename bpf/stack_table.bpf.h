/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * stack_table - the stack table for BPF programs: stack_table.h in a map, and the frames. Include
 * the maps first: maps.bpf.h or kernel_maps.bpf.h.
 */
#ifndef STACK_TABLE_BPF_H
#define STACK_TABLE_BPF_H

static __always_inline struct stack_slot *stack_slot(__u64 index)
{
	__u32 i = index;

	return bpf_map_lookup_elem(&stack_slots, &i);
}

#ifdef MEMLEAK_OLD
#include "stack_hash.bpf.h"
#else
#define STACK_SLOT(i) stack_slot(i)
#define STACK_HOMES cfg.stack_slots
#define STACK_CAS(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define STACK_LOAD(p) (*(volatile __u64 *)(p))
#define STACK_FUNC VERIFIED_ONCE
#include "stack_table.h"

/* Where a new stack's frames go. */
static __always_inline __u32 stack_place(__u32 key)
{
	return __sync_fetch_and_add(&state.n_stacks, 1);
}

/* An exchange, as it is a barrier: who sees it sees the frames. */
static __always_inline void stack_publish(struct stack_slot *slot, __u64 frames)
{
	__sync_lock_test_and_set(&slot->frames, frames);
}
#endif

/* Store a new stack's frames. Returns 0, or 1: no room for them. */
static __always_inline int stack_store(__u32 key, const struct stack_trace *trace)
{
	struct stack_slot *slot = stack_slot(key - 1);
	__u32 frames;
	bool full;

	if (!slot)
		return 1;
	frames = stack_place(key);
	full = frames >= cfg.max_stacks ||
	       bpf_map_update_elem(&stack_frames, &frames, trace, BPF_ANY);
	stack_publish(slot, full ? STACK_NO_FRAMES : frames + 1);
	return full;
}

/* Count a heap allocation with a stack. */
static __always_inline void stack_hit(__u32 key)
{
	struct stack_slot *slot = stack_slot(key - 1);

	if (slot)
		__sync_fetch_and_add(&slot->hits, 1);
}

#endif
