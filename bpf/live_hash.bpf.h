/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * live_hash - the live table in a hash map of the kernel, for kernels whose BPF programs cannot
 * exchange a word (before 5.12): what live.bpf.h is for the others.
 *
 * The account: a block is counted after it has been inserted, by a program that is not preempted.
 * Its id says which allocation of its CPU it is; a reader (user/live_hash.c) reads the counters
 * first, and then knows by the id which blocks these have counted.
 */
#ifndef LIVE_HASH_BPF_H
#define LIVE_HASH_BPF_H

#include "maps.bpf.h"

/* Preallocated: never allocates inside a probe. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, struct live_key);
	__type(value, struct live_entry);
} live __weak SEC(".maps");

#define LIVE_NONE (~0ULL)

static __always_inline void live_prefetch(__u64 addr, __u64 space)
{
	/* where the block goes is the kernel's secret */
}

/*
 * As in live_table.h, but for *was, which is not told. Where a block is that a realloc holds, the
 * realloc has given its address back: it does succeed, and the block is free.
 */
static __always_inline int live_record(__u64 addr, __u64 what, __u64 when, __u64 *count,
				       struct live_was *was)
{
	struct live_key key = {.addr = addr, .space = LIVE_SPACE(what)};
	struct live_entry entry = {.what = what, .when = when}, *there;
	__u64 counted = *(volatile __u64 *)count;
	int err, replaced = 0; /* an int, as in object_hash.bpf.h */

	entry.id = LIVE_ID(bpf_get_smp_processor_id(), SEEN_COUNT(counted));
	err = bpf_map_update_elem(&live, &key, &entry, BPF_NOEXIST);
	if (err == -17 /* EEXIST */) {
		there = bpf_map_lookup_elem(&live, &key);
		if (there && there->held)
			stat_inc(STAT_FREED);
		else
			replaced = 1;
		err = bpf_map_update_elem(&live, &key, &entry, BPF_ANY);
	}
	if (err)
		return -1;
	__sync_fetch_and_add(count, 1);
	return replaced;
}

/* The block of that address, NULL: there is none, or it is held. */
static __always_inline struct live_entry *live_find(const struct live_key *key)
{
	struct live_entry *there = bpf_map_lookup_elem(&live, key);

	return there && !there->held ? there : NULL;
}

/* Remove a block. Returns 1, or 0: it is not there. */
static __always_inline int live_remove(__u64 addr, __u64 space)
{
	struct live_key key = {.addr = addr, .space = space};

	return live_find(&key) && !bpf_map_delete_elem(&live, &key);
}

/* Hold a block. Returns its id, *when is when it was born; or LIVE_NONE. */
static __always_inline __u64 live_hold(__u64 addr, __u64 space, __u64 *when)
{
	struct live_key key = {.addr = addr, .space = space};
	struct live_entry *there = live_find(&key);

	if (!there)
		return LIVE_NONE;
	there->held = 1;
	*when = there->when;
	return there->id;
}

/* The block that a call holds; NULL: another has come to its address. */
static __always_inline struct live_entry *live_held(const struct pending_call *call,
						    struct live_key *key)
{
	struct live_entry *there;

	key->addr = call->ptr;
	key->space = state.space & 255;
	there = bpf_map_lookup_elem(&live, key);
	return there && there->id == call->old ? there : NULL;
}

/* The realloc has failed: the block that it holds is what it was before. */
static __always_inline void live_release(const struct pending_call *call)
{
	struct live_key key;
	struct live_entry *there = live_held(call, &key);

	if (there)
		there->held = 0;
}

/* The block that a realloc holds is gone. False: so it was already, and was counted. */
static __always_inline bool live_give_up(const struct pending_call *call)
{
	struct live_key key;

	return live_held(call, &key) && !bpf_map_delete_elem(&live, &key);
}

/* A block has another size now, if it is there. */
static __always_inline void live_resize(__u64 addr, __u64 space, __u64 size)
{
	struct live_key key = {.addr = addr, .space = space};
	struct live_entry *there = live_find(&key);

	if (there)
		there->what = LIVE_WHAT(size, space, LIVE_ENTRY(there->what));
}

#endif
