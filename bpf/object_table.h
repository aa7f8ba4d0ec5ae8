/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * object_table - the kernel's objects that are outstanding, by address: open addressing without
 * locks, as live_table.h, but with only as much of it as kernel allocators need, for an event here
 * costs less than a probe's trap: no realloc holds a block, and a slot is valid from the moment it
 * is taken. Who reads the table sorts out those that were being filled (user/kernel/kobjects.h).
 *
 * An object's home is given by its hash; it is in one of the slots from there on, at most the
 * home's reach away: the farthest that any of its objects has ever been put. Most are at home, and
 * most homes have reach 0, so to insert an object, or not to find it, is to look at one slot and
 * one reach; to remove one that is at home, at its slot alone. Reaches are in words of their own,
 * eight to a word: so nobody but who removes an object writes to its slot's first word, and that
 * takes no exchange, which costs as much as all the rest.
 *
 * Who may meet whom: an event tells of an allocation after the allocator has given the address out,
 * and of a free before it has taken it back. So nobody removes an address while it is being
 * inserted, nor inserts one that is being removed. A free that no event tells of leaves an object
 * behind, which the next one at its address replaces.
 *
 * An object goes by what its slot's first word says of it, OBJECT_WHERE.
 *
 * Includes nothing; whoever includes it defines
 *	OBJECT_SLOT(i)		the slot with index i, or NULL
 *	OBJECT_REACHES(i)	the i-th word of reaches, or NULL
 *	OBJECT_HOME_SLOT(t, i)	the slot of a home, or NULL; t: what object_insert or object_remove
 *was given, by which it is found sooner OBJECT_HOME_REACH(t, i)	the reach of a home
 *	OBJECT_HOME_SHIFT	there are 2^(64 - OBJECT_HOME_SHIFT) homes, OBJECT_WINDOW slots more
 *	OBJECT_CAS(p, old, new)	compare and exchange the word at p; returns what was there
 *	OBJECT_LOAD(p), OBJECT_STORE(p, v)
 *	OBJECT_FUNC		what stands before functions that the usual case does not need
 */
#ifndef OBJECT_TABLE_H
#define OBJECT_TABLE_H

#define OBJECT_NONE (~0ULL)
#define OBJECT_TRIES 64 /* a word changes between two looks no more often than that */

/*
 * A shift before the multiplication (Knuth, TAOCP 6.4): without it objects at some distances from
 * each other, say 3,719,168 bytes, fall together. tests/unit/test_object_table.c has figures.
 */
static __always_inline __u64 object_home(__u64 where)
{
	return ((where ^ where >> 15) * 0x9E3779B97F4A7C15ULL) >> OBJECT_HOME_SHIFT;
}

/* How far from home its objects may be. */
static __always_inline __u64 object_reach(__u64 home)
{
	__u64 *word = OBJECT_REACHES(home / 8);
	__u64 reach = word ? OBJECT_LOAD(word) >> home % 8 * 8 & 255 : 0;

	/* A compiler that knows it to be below OBJECT_WINDOW leaves out the end of loops that the
	 * verifier goes by. */
	asm volatile("" : "+r"(reach));
	return reach;
}

/* Objects of home may be as far away as i slots from now on. Returns 1, or 0: it cannot be said. */
OBJECT_FUNC int object_raise(__u64 home, __u64 i)
{
	__u64 *word = OBJECT_REACHES(home / 8), shift = home % 8 * 8, there, seen;

	if (!word)
		return 0;
	there = OBJECT_LOAD(word);
	for (__u32 k = 0; k < OBJECT_TRIES; k++) {
		if ((there >> shift & 255) >= i)
			return 1;
		seen = OBJECT_CAS(word, there, (there & ~(255ULL << shift)) | i << shift);
		if (seen == there)
			return 1;
		there = seen;
	}
	return 0;
}

/* The index of an object's slot, or OBJECT_NONE. */
OBJECT_FUNC __u64 object_find(__u64 where)
{
	__u64 home = object_home(where), reach = object_reach(home);
	struct object_slot *slot;

	for (__u32 i = 0; i < OBJECT_WINDOW; i++) {
		slot = OBJECT_SLOT(home + i);
		if (!slot)
			break;
		if (OBJECT_LOAD(&slot->where) == where)
			return home + i;
		if (i >= reach)
			break;
	}
	return OBJECT_NONE;
}

static __always_inline void object_fill(struct object_slot *slot, __u64 what, __u64 when)
{
	OBJECT_STORE(&slot->what, what);
	OBJECT_STORE(&slot->when, when);
}

/* object_insert where the home is taken, or has a reach. */
OBJECT_FUNC int object_insert_far(__u64 where, __u64 what, __u64 when)
{
	__u64 home = object_home(where), index = object_find(where);
	struct object_slot *slot;

	if (index != OBJECT_NONE) {
		slot = OBJECT_SLOT(index);
		if (slot) {
			object_fill(slot, what, when);
			return 1;
		}
	}
	for (__u32 i = 0; i < OBJECT_WINDOW; i++) {
		slot = OBJECT_SLOT(home + i);
		if (!slot)
			break;
		if (OBJECT_LOAD(&slot->where) || OBJECT_CAS(&slot->where, 0, where))
			continue;
		object_fill(slot, what, when);
		/* its owner has not got it yet: nobody looks for it before it can be found */
		if (i && !object_raise(home, i)) {
			OBJECT_STORE(&slot->where, 0);
			break;
		}
		return 0;
	}
	return -1;
}

/* Enter an object. Returns 0, 1: it replaces one at its address, or -1: no room. */
static __always_inline int object_insert(void *t, __u64 where, __u64 what, __u64 when)
{
	__u64 home = object_home(where);
	struct object_slot *slot = OBJECT_HOME_SLOT(t, home);

	if (!slot)
		return -1;
	if (OBJECT_LOAD(&slot->where) || OBJECT_HOME_REACH(t, home) ||
	    OBJECT_CAS(&slot->where, 0, where))
		return object_insert_far(where, what, when);
	object_fill(slot, what, when);
	return 0;
}

/* object_remove where the object is not at home. */
OBJECT_FUNC int object_remove_far(__u64 where)
{
	__u64 index = object_find(where);
	struct object_slot *slot = index == OBJECT_NONE ? NULL : OBJECT_SLOT(index);

	if (!slot)
		return 0;
	OBJECT_STORE(&slot->where, 0);
	return 1;
}

/* Remove an object. Returns 1, or 0: it is not there. */
static __always_inline int object_remove(void *t, __u64 where)
{
	__u64 home = object_home(where);
	struct object_slot *slot = OBJECT_HOME_SLOT(t, home);

	if (!slot)
		return 0;
	if (OBJECT_LOAD(&slot->where) != where)
		return OBJECT_HOME_REACH(t, home) && object_remove_far(where);
	OBJECT_STORE(&slot->where, 0);
	return 1;
}

#endif
