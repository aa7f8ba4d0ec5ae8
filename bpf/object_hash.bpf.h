/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * object_hash - the table of objects, and that of sites, in hash maps of the kernel, for kernels
 * whose BPF programs cannot exchange a word (before 5.12), or whose maps have no large values
 * (before 6.0): what object_table.h is for the others.
 *
 * There programs cannot be preempted, but an interrupt may run another one in their midst. What it
 * takes it puts back before it ends, so per-CPU memory needs no atomic operations.
 */
#ifndef OBJECT_HASH_BPF_H
#define OBJECT_HASH_BPF_H

#include "kernel_maps.bpf.h"

/* Preallocated: never allocates in the midst of an allocation. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u64);	/* OBJECT_WHERE */
	__type(value, struct object_entry);
} objects SEC(".maps");

/* From a site's hash to one more than its index; and which indices are given out. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KERNEL_SITES);
	__type(key, __u64);
	__type(value, __u32);
} site_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KERNEL_SITES);
	__type(key, __u32);
	__type(value, __u32);
} site_taken SEC(".maps");

/* What others find their tables by. */
static __always_inline void *tables(void)
{
	return &state;
}

/* As object_put of the others: 0, 1: it replaces one at its address, or -1: no room. */
static __always_inline int object_put(__u64 where, __u64 what, __u64 when, __u64 epoch)
{
	struct object_entry entry = {.what = what, .when = when, .epoch = epoch};
	/* before 6.4 (d7ba4cc900bf) what is called returns an int, with nothing above it */
	int err = bpf_map_update_elem(&objects, &where, &entry, BPF_NOEXIST);

	if (!err) {
		__sync_fetch_and_add(&state.n_objects, 1);
		return 0;
	}
	if (err != -17 /* EEXIST */)
		return -1;
	return bpf_map_update_elem(&objects, &where, &entry, BPF_ANY) ? -1 : 1;
}

static __always_inline int object_enter(void *t, __u64 where, __u64 what, __u64 when, __u64 epoch)
{
	return object_put(where, what, when, epoch);
}

VERIFIED_ONCE __u64 object_word(__u64 where, __u32 word)
{
	struct object_entry *entry = bpf_map_lookup_elem(&objects, &where);

	if (!entry)
		return 0;
	return word == OBJECT_WORD_WHAT	  ? entry->what
	       : word == OBJECT_WORD_WHEN ? entry->when
					  : entry->epoch;
}

/* Remove an object. Returns 1, or 0: it is not there. */
static __always_inline int object_remove(void *t, __u64 where)
{
	if (bpf_map_delete_elem(&objects, &where))
		return 0;
	__sync_fetch_and_add(&state.n_objects, -1);
	return 1;
}

#define SITE_TRIES 128 /* no more CPUs than that take one at the same moment */

/* Take the first index that is free. Returns one more than it, or 0: no room. */
static __always_inline __u32 site_take(void)
{
	/* all below are taken, and of those above what other CPUs are just taking */
	__u32 first = *(volatile __u32 *)&state.n_sites, index, id;

	for (__u32 i = 0; i < SITE_TRIES; i++) {
		index = first + i;
		id = index + 1;
		if (index >= KERNEL_SITES)
			return 0;
		if (!bpf_map_update_elem(&site_taken, &index, &id, BPF_NOEXIST)) {
			__sync_fetch_and_add(&state.n_sites, 1);
			return id;
		}
	}
	return 0;
}

/* Make this word 1 where it was 0. */
#define CLAIM(word)                                                                                \
	({                                                                                         \
		bool free_ = !*(volatile typeof(word) *)&(word);                                   \
		if (free_)                                                                         \
			*(volatile typeof(word) *)&(word) = 1;                                     \
		free_;                                                                             \
	})

#endif
