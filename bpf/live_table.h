/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * live_table - blocks that are outstanding, by address: open addressing without locks.
 *
 * A block's home in each of the table's two parts is given by its hash; it is in one of the slots
 *of the home's window, in the near part if there was room. A slot that is freed can be used again
 *at once: searches do not end at a free slot, but after the home's reach, how far from it any of
 *its blocks has ever been put (most are at home). So there are no tombstones to clean up, and to
 *find that a block is not there takes a few slots as well.
 *
 * Who may meet whom: a program that is in order takes an address from its allocator, hands it back
 * and may then get it again, one after the other, also between threads. So nobody searches for an
 * address while it is being inserted or removed. Programs that free twice, and lost events, break
 * that: then one of them removes the block, and the others find nothing. Different addresses
 * compete for slots: whoever exchanges the word first has it.
 *
 * A slot's states, and what changes them:
 *	free -> busy	live_claim, to be filled; its homes' reach is raised meanwhile
 *	busy -> valid	live_publish
 *	valid -> busy	live_claim of an address that is there, live_resize
 *	valid -> free	live_remove
 *	valid -> held	live_hold: a realloc gives its address back before it is known to succeed
 *	held -> valid	live_put_back: it has failed
 *	held -> free	live_drop: it has not. By then the address may be in the table anew
 * Whoever has made a slot busy or held owns it; nobody else finds or changes it.
 *
 * The account: a block is counted after its slot has become busy and before it is valid. Readers
 * (user/live.c) move the epoch on in that count, then wait for busy slots: so they meet every block
 * that was counted before, unless it has been removed. Every change of a shared word is one
 * atomic operation; tests/unit/test_live_table.c goes through all orders of them.
 *
 * Includes nothing; whoever includes it defines
 *   LIVE_SLOT(i)		the slot with index i, or NULL
 *   LIVE_NEAR, LIVE_FAR	homes there are in each part; LIVE_NEAR: 0 if there is no such part
 *   LIVE_CAS(p, old, new)	compare and exchange the word at p; returns what was there
 *   LIVE_AND(p, mask)		atomic and
 *   LIVE_ADD(p, v)		atomic add, a full barrier; returns what was there
 *   LIVE_LOAD(p), LIVE_STORE(p, v)
 *   LIVE_FUNC			what stands before each function
 */
#ifndef LIVE_TABLE_H
#define LIVE_TABLE_H

#define LIVE_NONE (~0ULL)
#define LIVE_FURTHER (~1ULL) /* not in this part, but perhaps in the next */
#define LIVE_INDEX 0xffffffffULL
#define LIVE_REPLACES (1ULL << 32) /* with the index: another block was there */
/*
 * How often an exchange is tried again. At a block's slot only the reach can change, and only grow,
 * so that is enough. At others blocks come and go, but not once between two looks, 64 times in a
 * row: then there is no room.
 */
#define LIVE_TRIES 64

/*
 * Two multiplications: with one (Knuth, TAOCP 6.4), blocks at the distance of a Fibonacci number,
 * say 14,930,352 bytes, all fall together. The result is as good as random, and of three slots two
 * are taken at most, so that about one insertion in 10^13 finds its window full
 * (tests/unit/test_live_hash.c).
 *
 * The upper bits of the space are not in the slot's first word: they make homes of blocks that are
 * the same there different by a 32nd of the part at least, which is more than a window. So what is
 * found by that word is of the right space.
 */
static __always_inline __u64 live_hash(__u64 addr, __u64 space)
{
	__u64 hash = (addr & LIVE_ADDR_MASK) | (space & 7) << LIVE_ADDR_BITS;

	hash *= 0xBF58476D1CE4E5B9ULL;
	hash ^= hash >> 29;
	hash *= 0x9E3779B97F4A7C15ULL;
	return hash >> 32 ^ (space >> 3 & 31) << 27;
}

/* The slot that a block's window in a part begins with; from 32 bits: Lemire, arXiv:1805.10941 */
static __always_inline __u64 live_near_home(__u64 hash)
{
	return hash * LIVE_NEAR >> 32;
}

static __always_inline __u64 live_far_home(__u64 hash)
{
	return (hash * LIVE_FAR >> 32) + LIVE_NEAR + LIVE_NEAR_WINDOW;
}

/* Have the processor fetch a block's home, which in a large table takes it as long as a walk. */
static __always_inline void live_prefetch(__u64 addr, __u64 space)
{
	__u64 hash = live_hash(addr, space);
	struct live_slot *slot = LIVE_SLOT(LIVE_NEAR ? live_near_home(hash) : live_far_home(hash));

	if (slot)
		(void)LIVE_LOAD(&slot->where);
}

/*
 * The index of the slot with this key in the window that begins with slot home. Or LIVE_NONE, or
 * LIVE_FURTHER.
 */
LIVE_FUNC __u64 live_look(__u64 home, __u64 window, __u64 key)
{
	struct live_slot *slot;
	bool further = false;
	__u64 where, end = 1;

	for (__u32 i = 0; i < LIVE_WINDOW; i++) {
		slot = LIVE_SLOT(home + i);
		if (!slot)
			break;
		where = LIVE_LOAD(&slot->where);
		if (!i) {
			end = LIVE_REACH_SLOTS(LIVE_REACH(where));
			further = LIVE_REACH(where) == LIVE_REACH_ALL;
		}
		if ((where & ~LIVE_REACH_MASK) == key)
			return home + i;
		if (i + 1 >= end || i + 1 >= window)
			break;
	}
	return further ? LIVE_FURTHER : LIVE_NONE;
}

/* The index of a block's slot, or LIVE_NONE. */
LIVE_FUNC __u64 live_find(__u64 addr, __u64 space)
{
	__u64 hash = live_hash(addr, space), key = LIVE_KEY(addr, space), index = LIVE_FURTHER;

	if (!LIVE_ADDR(key))
		return LIVE_NONE;
	if (LIVE_NEAR)
		index = live_look(live_near_home(hash), LIVE_NEAR_WINDOW, key);
	if (index == LIVE_FURTHER)
		index = live_look(live_far_home(hash), LIVE_WINDOW, key);
	return index == LIVE_FURTHER ? LIVE_NONE : index;
}

/*
 * Change the first word of the slot at index, if that still is the key: keep these bits, set those.
 * Returns 1 if so, else 0: somebody else was faster.
 */
LIVE_FUNC int live_switch(__u64 index, __u64 key, __u64 keep, __u64 set)
{
	struct live_slot *slot = LIVE_SLOT(index);
	__u64 where, seen;

	if (!slot)
		return 0;
	where = LIVE_LOAD(&slot->where);
	for (__u32 i = 0; i < LIVE_TRIES; i++) {
		if ((where & ~LIVE_REACH_MASK) != key)
			return 0;
		seen = LIVE_CAS(&slot->where, where, (where & keep) | set);
		if (seen == where)
			return 1;
		where = seen;
	}
	return 0;
}

/*
 * Blocks of home may be in so many slots from there on; all: and in the next part. Returns 1, or 0:
 * it cannot be said.
 */
LIVE_FUNC int live_raise(__u64 home, __u64 slots, bool all)
{
	struct live_slot *slot = LIVE_SLOT(home);
	__u64 where, seen, reach = 0;

	if (!slot)
		return 0;
	while (reach < LIVE_REACH_ALL && (all || 1ULL << reach < slots))
		reach++;
	where = LIVE_LOAD(&slot->where);
	for (__u32 k = 0; k < LIVE_TRIES; k++) {
		if (LIVE_REACH(where) >= reach)
			return 1;
		seen = LIVE_CAS(&slot->where, where, (where & ~LIVE_REACH_MASK) | reach << 2);
		if (seen == where)
			return 1;
		where = seen; /* somebody has raised it, or the block there came or went */
	}
	return 0;
}

/* Make the slot at index busy for key, if it is free. Returns 1, 0: it is not, or -1: no slot. */
LIVE_FUNC int live_take(__u64 index, __u64 key)
{
	struct live_slot *slot = LIVE_SLOT(index);
	__u64 where, seen;

	if (!slot)
		return -1;
	where = LIVE_LOAD(&slot->where);
	for (__u32 i = 0; i < LIVE_TRIES; i++) {
		if (where & ~LIVE_REACH_MASK)
			return 0;
		seen = LIVE_CAS(&slot->where, where, where | key | LIVE_BUSY);
		if (seen == where)
			return 1;
		where = seen;
	}
	return 0;
}

/* A slot that was made busy or held is free again. */
static __always_inline void live_drop(__u64 index)
{
	struct live_slot *slot = LIVE_SLOT(index);

	if (slot)
		LIVE_AND(&slot->where, LIVE_REACH_MASK);
}

/* Make a slot of the window that begins with slot home busy for key. Returns its index or
 * LIVE_NONE. */
LIVE_FUNC __u64 live_settle(__u64 home, __u64 window, __u64 key)
{
	int taken;

	for (__u32 i = 0; i < LIVE_WINDOW && i < window; i++) {
		taken = live_take(home + i, key);
		if (!taken)
			continue;
		if (taken < 0)
			break;
		/* before it is valid: who then looks for it finds it */
		if (!i || live_raise(home, i + 1, false))
			return home + i;
		live_drop(home + i);
		break;
	}
	return LIVE_NONE;
}

/*
 * Make a slot busy for a block: where it is, else a free one. Returns its index, with LIVE_REPLACES
 * if a block was there, or LIVE_NONE: no room.
 */
LIVE_FUNC __u64 live_claim(__u64 addr, __u64 space)
{
	__u64 hash = live_hash(addr, space), key = LIVE_KEY(addr, space);
	__u64 index = live_find(addr, space);

	if (index != LIVE_NONE && live_switch(index, key, ~0ULL, LIVE_BUSY))
		return index | LIVE_REPLACES;
	if (!LIVE_ADDR(key))
		return LIVE_NONE;
	if (LIVE_NEAR) {
		index = live_settle(live_near_home(hash), LIVE_NEAR_WINDOW, key);
		if (index != LIVE_NONE)
			return index;
		if (!live_raise(live_near_home(hash), 0, true))
			return LIVE_NONE;
	}
	return live_settle(live_far_home(hash), LIVE_WINDOW, key);
}

/* Fill a busy slot and make it valid. */
static __always_inline void live_publish(struct live_slot *slot, __u64 what, __u64 when)
{
	LIVE_STORE(&slot->what, what);
	LIVE_STORE(&slot->when, when);
	LIVE_ADD(&slot->where, -LIVE_BUSY); /* an atomic and takes a loop */
}

/*
 * Enter a block, and count it in *count, which knows the epoch. when: LIVE_WHEN. Returns 0, 1: it
 * replaces one at its address, which was that, or -1: no room, and not counted.
 */
static __always_inline int live_record(__u64 addr, __u64 what, __u64 when, __u64 *count,
				       struct live_was *was)
{
	__u64 index = live_claim(addr, LIVE_SPACE(what));
	struct live_slot *slot;

	if (index == LIVE_NONE)
		return -1;
	slot = LIVE_SLOT(index & LIVE_INDEX);
	if (!slot)
		return -1;
	if (index & LIVE_REPLACES) {
		was->what = LIVE_LOAD(&slot->what);
		was->when = LIVE_LOAD(&slot->when);
	}
	when |= SEEN_EPOCH(LIVE_ADD(count, 1)) + 1;
	live_publish(slot, what, when);
	return index & LIVE_REPLACES ? 1 : 0;
}

/* Remove a block. Returns 1, or 0: it is not there. */
static __always_inline int live_remove(__u64 addr, __u64 space)
{
	__u64 index = live_find(addr, space);

	return index != LIVE_NONE && live_switch(index, LIVE_KEY(addr, space), LIVE_REACH_MASK, 0);
}

/* The same; *was: what it was. */
static __always_inline int live_remove_known(__u64 addr, __u64 space, struct live_was *was)
{
	__u64 index = live_find(addr, space);
	struct live_slot *slot;

	if (index == LIVE_NONE)
		return 0;
	slot = LIVE_SLOT(index);
	if (!slot)
		return 0;
	was->what = LIVE_LOAD(&slot->what);
	was->when = LIVE_LOAD(&slot->when);
	return live_switch(index, LIVE_KEY(addr, space), LIVE_REACH_MASK, 0);
}

/* Hold a block. Returns the index of its slot, *when is when it was born; or LIVE_NONE. */
static __always_inline __u64 live_hold(__u64 addr, __u64 space, __u64 *when)
{
	__u64 index = live_find(addr, space);
	struct live_slot *slot;

	if (index == LIVE_NONE || !live_switch(index, LIVE_KEY(addr, space), ~0ULL, LIVE_HELD))
		return LIVE_NONE;
	slot = LIVE_SLOT(index);
	if (!slot)
		return LIVE_NONE;
	*when = LIVE_LOAD(&slot->when);
	return index;
}

/* A held block is what it was before. */
static __always_inline void live_put_back(__u64 index)
{
	struct live_slot *slot = LIVE_SLOT(index);

	if (slot)
		LIVE_AND(&slot->where, ~LIVE_HELD);
}

/* A block has another size now, if it is there. */
static __always_inline void live_resize(__u64 addr, __u64 space, __u64 size)
{
	__u64 index = live_find(addr, space), what;
	struct live_slot *slot;

	if (index == LIVE_NONE || !live_switch(index, LIVE_KEY(addr, space), ~0ULL, LIVE_BUSY))
		return;
	slot = LIVE_SLOT(index);
	if (!slot)
		return;
	what = LIVE_LOAD(&slot->what);
	LIVE_STORE(&slot->what, LIVE_WHAT(size, space, LIVE_ENTRY(what)));
	LIVE_ADD(&slot->where, -LIVE_BUSY);
}

#endif
