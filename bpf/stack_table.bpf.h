/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * stack_table - distinct stacks by a hash of their frames: open addressing, nothing is ever
 * removed.
 *
 * Not BPF_MAP_TYPE_STACK_TRACE, which drops or mixes stacks when hashes collide. A slot is taken by
 * exchanging its hash; whoever does that also stores the frames. Hits are counted in the slot.
 */
#ifndef STACK_TABLE_BPF_H
#define STACK_TABLE_BPF_H

#include "maps.bpf.h"

#define STACK_NEW (1ULL << 32) /* with the key: the frames have to be stored */

static __always_inline struct stack_slot *stack_slot(__u64 index)
{
	__u32 i = index;

	return bpf_map_lookup_elem(&stack_slots, &i);
}

/*
 * Find the stack with this hash, or take a slot for it. Returns its key, with STACK_NEW for a new
 * one, or 0: no room.
 */
VERIFIED_ONCE __u64 stack_enter(__u64 hash)
{
	__u64 home = (hash >> 32) * cfg.stack_slots >> 32, there;
	struct stack_slot *slot;

	for (__u32 i = 0; i < STACK_WINDOW; i++) {
		slot = stack_slot(home + i);
		if (!slot)
			break;
		there = *(volatile __u64 *)&slot->hash;
		if (there == hash)
			return home + i + 1;
		if (there)
			continue;
		there = __sync_val_compare_and_swap(&slot->hash, 0, hash);
		if (!there)
			return (home + i + 1) | STACK_NEW;
		if (there == hash)
			return home + i + 1;
	}
	return 0;
}

/* Store a new stack's frames. Returns 0, or 1: no room for them. */
static __always_inline int stack_store(__u32 key, const struct stack_trace *trace)
{
	struct stack_slot *slot = stack_slot(key - 1);
	__u32 frames;

	if (!slot)
		return 1;
	frames = __sync_fetch_and_add(&state.n_stacks, 1);
	if (frames >= cfg.max_stacks ||
	    bpf_map_update_elem(&stack_frames, &frames, trace, BPF_ANY)) {
		__sync_fetch_and_add(&slot->use, STACK_NO_FRAMES << STACK_FRAMES_SHIFT);
		return 1;
	}
	__sync_fetch_and_add(&slot->use, (__u64)(frames + 1) << STACK_FRAMES_SHIFT);
	return 0;
}

/* Count heap allocations with a stack. Returns 0, or 1: its frames are lost. */
static __always_inline int stack_hit(__u32 key, __u64 hits)
{
	struct stack_slot *slot = stack_slot(key - 1);

	if (!slot || STACK_FRAMES(slot->use) == STACK_NO_FRAMES)
		return 1;
	__sync_fetch_and_add(&slot->use, hits);
	return 0;
}

#endif
