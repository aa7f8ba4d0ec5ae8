/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * live_table - blocks that are outstanding, by address: open addressing without locks.
 *
 * A block's home is given by its hash; it is in one of the LIVE_WINDOW slots from there on. A slot
 * that is freed can be used again at once: searches do not end at a free slot, but after the home's
 * reach, how far from it any of its blocks has ever been put (most are at home). So there are no
 * tombstones to clean up, and to find that a block is not there takes a few slots as well.
 *
 * Who may meet whom: a program that is in order takes an address from its allocator, hands it back
 * and may then get it again, one after the other, also between threads. So nobody searches for an
 * address while it is being inserted or removed. Programs that free twice, and lost events, break
 * that: then one of them removes the block, and the others find nothing. Different addresses
 * compete for slots: whoever exchanges the word first has it.
 *
 * Inserting: raise the reach, take a slot by marking it busy, fill it, make it valid. Readers
 * (user/live.c) ignore busy slots and read the rest twice. Every change of a shared word is one
 * atomic operation; tests/unit/test_live_table.c goes through all orders of them.
 *
 * Includes nothing; whoever includes it defines
 *   LIVE_SLOT(i)		the slot with index i, or NULL
 *   LIVE_HOMES			homes there are
 *   LIVE_CAS(p, old, new)	compare and exchange the word at p; returns what was there
 *   LIVE_AND(p, mask)		atomic and
 *   LIVE_LOAD(p), LIVE_STORE(p, v)
 *   LIVE_FUNC			what stands before each function
 */
#ifndef LIVE_TABLE_H
#define LIVE_TABLE_H

#define LIVE_NONE (~0ULL)
#define LIVE_TRIES 64 /* a word's reach can change no more often than that */

static __always_inline __u64 live_home(__u64 addr, __u64 space)
{
	/* Knuth, TAOCP 6.4; then from 32 bits to a range: Lemire, arXiv:1805.10941 */
	__u64 hash = (addr ^ space << LIVE_ADDR_BITS) * 0x9E3779B97F4A7C15ULL;

	return (hash >> 32) * LIVE_HOMES >> 32;
}

/* The index of a block's slot, or LIVE_NONE. */
LIVE_FUNC __u64 live_find(__u64 addr, __u64 space)
{
	__u64 home = live_home(addr, space), where, end = 1;
	struct live_slot *slot;

	for (__u32 i = 0; i < LIVE_WINDOW; i++) {
		slot = LIVE_SLOT(home + i);
		if (!slot)
			break;
		where = LIVE_LOAD(&slot->where);
		if (!i)
			end = LIVE_REACH_SLOTS(LIVE_REACH(where));
		if (LIVE_ADDR(where) == addr && !(where & LIVE_BUSY) &&
		    LIVE_SPACE(LIVE_LOAD(&slot->what)) == space)
			return home + i;
		if (i + 1 >= end)
			break;
	}
	return LIVE_NONE;
}

/* Give the slot at index free, if it still holds addr. Returns 1 if so, else 0. */
LIVE_FUNC int live_clear(__u64 index, __u64 addr)
{
	struct live_slot *slot = LIVE_SLOT(index);
	__u64 where, seen;

	if (!slot)
		return 0;
	where = LIVE_LOAD(&slot->where);
	for (__u32 i = 0; i < LIVE_TRIES; i++) {
		if (LIVE_ADDR(where) != addr || where & LIVE_BUSY)
			return 0;
		seen = LIVE_CAS(&slot->where, where, where & LIVE_REACH_MASK);
		if (seen == where)
			return 1;
		where = seen; /* its reach was raised, or somebody else was faster */
	}
	return 0;
}

/* Blocks of home may be in so many slots from there on. */
LIVE_FUNC int live_raise(__u64 home, __u64 slots)
{
	struct live_slot *slot = LIVE_SLOT(home);
	__u64 where, seen, reach = LIVE_REACH_OF(slots);

	if (!slot)
		return 0;
	where = LIVE_LOAD(&slot->where);
	for (__u32 i = 0; i < LIVE_TRIES * 2; i++) {
		if (LIVE_REACH(where) >= reach)
			return 1;
		seen = LIVE_CAS(&slot->where, where, (where & ~LIVE_REACH_MASK) | reach << 2);
		if (seen == where)
			return 1;
		where = seen;
	}
	return 0;
}

/* Fill a slot that is ours because it is busy, and make it valid. */
static __always_inline void live_fill(struct live_slot *slot, __u64 what, __u64 when)
{
	LIVE_STORE(&slot->what, what);
	LIVE_STORE(&slot->when, when);
	LIVE_AND(&slot->where, ~LIVE_BUSY);
}

/* Take the slot at index for addr, if it is free. Returns 1 if so. */
static __always_inline int live_take_slot(struct live_slot *slot, __u64 addr)
{
	__u64 where = LIVE_LOAD(&slot->where), seen;

	for (__u32 i = 0; i < 4; i++) {
		if (where & ~LIVE_REACH_MASK)
			return 0;
		seen = LIVE_CAS(&slot->where, where, where | addr << 8 | LIVE_BUSY);
		if (seen == where)
			return 1;
		where = seen;
	}
	return 0;
}

/* Replace a block that is there. Returns 1, or 0: it has gone meanwhile. */
LIVE_FUNC int live_replace(__u64 index, __u64 addr, __u64 what, __u64 when)
{
	struct live_slot *slot = LIVE_SLOT(index);
	__u64 where, seen;

	if (!slot)
		return 0;
	where = LIVE_LOAD(&slot->where);
	for (__u32 i = 0; i < LIVE_TRIES; i++) {
		if (LIVE_ADDR(where) != addr || where & LIVE_BUSY)
			return 0;
		seen = LIVE_CAS(&slot->where, where, where | LIVE_BUSY);
		if (seen == where) {
			live_fill(slot, what, when);
			return 1;
		}
		where = seen;
	}
	return 0;
}

/* Add a block that is not there. Returns 1, or 0: no free slot. */
LIVE_FUNC int live_add(__u64 addr, __u64 what, __u64 when)
{
	__u64 home = live_home(addr, LIVE_SPACE(what));
	struct live_slot *slot;

	for (__u32 i = 0; i < LIVE_WINDOW; i++) {
		slot = LIVE_SLOT(home + i);
		if (!slot)
			break;
		if (!live_take_slot(slot, addr))
			continue;
		/* before it is valid: who then looks for it finds it */
		if (i)
			live_raise(home, i + 1);
		live_fill(slot, what, when);
		return 1;
	}
	return 0;
}

#endif
