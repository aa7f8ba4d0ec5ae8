/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * profile - --profile for BPF programs: profile.h on a map, and when it is told of what.
 *
 * A realloc that succeeds is a free and an allocation, as in the account; so is xallocx, which
 * resizes in place (track_replaces). A stack's key is one for each entry point (profile_key), so
 * that what was allocated with it is known by its entry point, too.
 *
 * Kernels before 5.15 have no profile: their programs cannot exchange a word.
 */
#ifndef PROFILE_BPF_H
#define PROFILE_BPF_H

#include "maps.bpf.h"

#ifndef MEMLEAK_OLD

static __always_inline struct profile_stack *profile_stack(__u32 i)
{
	return bpf_map_lookup_elem(&profiles, &i);
}

#define PROFILE_TOTAL (&state.profile)
#define PROFILE_STACK(i) profile_stack(i)
#define PROFILE_CAS(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define PROFILE_ADD(p, v) __sync_fetch_and_add(p, v)
#define PROFILE_LOAD(p) (*(volatile __u64 *)(p))
#define PROFILE_STORE(p, v) (*(volatile __u64 *)(p) = (v))
#define PROFILE_FUNC VERIFIED_ONCE
#include "profile.h"

static __always_inline bool profile_is_on(void)
{
	return cfg.profile;
}

/* The hash by which a stack is found in the stack table, never 0. */
static __always_inline __u64 profile_key(__u64 hash, __u64 cookie)
{
	if (!profile_is_on())
		return hash;
	/* entry points are fewer than 2^16: two of them never meet (Knuth, TAOCP 6.4) */
	hash ^= (PROBE_COOKIE_ENTRY(cookie) + 1) * 0x9E3779B97F4A7C15ULL;
	return hash ? hash : 1;
}

static __always_inline __u32 profile_of(__u64 what, __u64 when)
{
	return PROFILE_INDEX(LIVE_STACK(when), LIVE_ENTRY(what));
}

/* A block was freed, by this thread; addr 0: nobody knows by whom. */
SUBPROGRAM int profile_freed(struct thread_slot *slot, __u64 addr)
{
	__u64 what, when;

	if (!slot)
		return 0;
	what = slot->was.what;
	when = slot->was.when;
	profile_remove(profile_of(what, when), LIVE_SIZE(what),
		       (bpf_jiffies64() - LIVE_BIRTH(when)) & LIVE_BIRTH_MASK,
		       addr && slot->last_alloc == addr);
	return 0;
}

/*
 * A block has been entered into the live table. replaced: one was at its address, slot->was, whose
 * free has escaped us.
 */
SUBPROGRAM int profile_entered(struct thread_slot *slot, __u64 addr, __u64 stack, bool replaced)
{
	__u32 entry;

	if (!slot)
		return 0;
	if (replaced)
		profile_freed(slot, 0);
	entry = PROBE_COOKIE_ENTRY(slot->call.cookie) & (PROFILE_ENTRIES - 1);
	profile_add(PROFILE_INDEX(stack, entry), LIVE_SIZE(LIVE_WHAT(slot->call.size, 0, 0)), entry,
		    bpf_jiffies64());
	slot->last_alloc = addr;
	return 0;
}

/* Look at the block that a realloc holds, before it goes. */
static __always_inline void profile_look(struct thread_slot *slot)
{
	if (!profile_is_on())
		return;
	slot->was.what = live_held_what(&slot->call);
	slot->was.when = slot->call.old_when;
}

/* It is gone; lost: the realloc has never returned. */
static __always_inline void profile_old_gone(struct thread_slot *slot, bool lost)
{
	__u64 what = slot->was.what;

	if (!profile_is_on())
		return;
	if (lost)
		profile_lose(profile_of(what, slot->was.when), LIVE_SIZE(what));
	else
		profile_freed(slot, slot->call.ptr);
	slot->last_alloc = 0;
}

/* Remove a block from the live table. Returns 1, or 0: it is not there. */
SUBPROGRAM int profile_free(struct thread_slot *slot, __u64 addr)
{
	int removed;

	if (!slot)
		return 0;
	removed = live_remove_known(addr, state.space & 255, &slot->was);
	if (removed)
		profile_freed(slot, addr);
	/* within a realloc it is the allocator's own doing */
	if (removed || !slot->call.active)
		slot->last_alloc = 0;
	return removed;
}

#else

static __always_inline bool profile_is_on(void)
{
	return false;
}

static __always_inline __u64 profile_key(__u64 hash, __u64 cookie)
{
	return hash;
}

static __always_inline int profile_entered(struct thread_slot *slot, __u64 addr, __u64 stack,
					   bool replaced)
{
	return 0;
}

static __always_inline void profile_look(struct thread_slot *slot)
{
}

static __always_inline void profile_old_gone(struct thread_slot *slot, bool lost)
{
}

static __always_inline int profile_free(struct thread_slot *slot, __u64 addr)
{
	return 0;
}

static __always_inline void profile_exec(void)
{
}

#endif
#endif
