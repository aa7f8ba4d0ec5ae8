/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * stack_hash - how the stack table is entered on kernels whose BPF programs cannot exchange a word
 * (before 5.12): hash maps of the kernel tell which slot has a hash, and which slots are taken.
 * Slots are given out in order, and the frames of a slot have its index. What user space reads is
 * the same. Included by stack_table.bpf.h.
 */
#ifndef STACK_HASH_BPF_H
#define STACK_HASH_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u64);
	__type(value, __u32);
} stack_keys __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, __u32);
} stack_taken __weak SEC(".maps");

#define STACK_NEW (1ULL << 32) /* with the key: the frames have to be stored */
#define STACK_TRIES 128	       /* no more CPUs than that take one at the same moment */

/* Take the first free slot. Returns its key, 0: no room. */
static __always_inline __u32 stack_take_slot(void)
{
	/* all below are taken, and of those above what other CPUs are just taking */
	__u32 first = *(volatile __u32 *)&state.n_stacks, i, index, key;

	for (i = 0; i < STACK_TRIES; i++) {
		index = first + i;
		key = index + 1;
		if (index >= cfg.max_stacks)
			return 0;
		if (!bpf_map_update_elem(&stack_taken, &index, &key, BPF_NOEXIST)) {
			__sync_fetch_and_add(&state.n_stacks, 1);
			return key;
		}
	}
	return 0;
}

/* As in stack_table.h. */
VERIFIED_ONCE __u64 stack_enter(__u64 hash)
{
	__u32 *known = bpf_map_lookup_elem(&stack_keys, &hash), key;
	struct stack_slot *slot;

	if (known)
		return *known;
	key = stack_take_slot();
	if (!key)
		return 0;
	slot = stack_slot(key - 1);
	if (!slot)
		return 0;
	*(volatile __u64 *)&slot->hash = hash;
	if (!bpf_map_update_elem(&stack_keys, &hash, &key, BPF_NOEXIST))
		return key | STACK_NEW;
	known = bpf_map_lookup_elem(&stack_keys, &hash); /* another CPU was first */
	return known ? *known : 0;
}

/* Where a new stack's frames go. */
static __always_inline __u32 stack_place(__u32 key)
{
	return key - 1;
}

/* To 0, which is there. With a lock prefix it is a barrier: who sees it sees the frames. */
static __always_inline void stack_publish(struct stack_slot *slot, __u64 frames)
{
	__sync_fetch_and_add(&slot->frames, frames);
}

#endif
