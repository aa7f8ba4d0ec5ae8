/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * object_table - the kernel's objects that are outstanding, by address: open addressing without
 * locks, as live_table.h, but with only as much of it as kernel allocators need, for an event here
 * costs less than a probe's trap: no realloc holds a block, and a slot is valid from the moment it
 * is taken. Who reads the table sorts out those that were being filled (user/kernel/kobjects.h).
 *
 * An object's home is given by its hash; it is in one of the slots from there on, at most the
 *home's reach away: the farthest that any of its objects has ever been put. Most are at home, and
 *most homes have reach 0, so to insert or remove an object, or not to find it, is to look at one
 *slot.
 *
 * Who may meet whom: an event tells of an allocation after the allocator has given the address out,
 * and of a free before it has taken it back. So nobody removes an address while it is being
 * inserted, nor inserts one that is being removed. A free that no event tells of leaves an object
 * behind, which the next one at its address replaces.
 *
 * Includes nothing; whoever includes it defines
 *	OBJECT_SLOT(i)		the slot with index i, or NULL
 *	OBJECT_HOME_SLOT(i)	the same of a home
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
static __always_inline __u64 object_home(__u64 addr, __u64 space)
{
	addr ^= space << OBJECT_ADDR_BITS;
	return ((addr ^ addr >> 15) * 0x9E3779B97F4A7C15ULL) >> OBJECT_HOME_SHIFT;
}

/* The index of an object's slot, or OBJECT_NONE. */
OBJECT_FUNC __u64 object_find(__u64 addr, __u64 space)
{
	__u64 home = object_home(addr, space), where, reach = 0;
	struct object_slot *slot;

	for (__u32 i = 0; i < OBJECT_WINDOW; i++) {
		slot = OBJECT_SLOT(home + i);
		if (!slot)
			break;
		where = OBJECT_LOAD(&slot->where);
		if (!i)
			reach = OBJECT_REACH(where);
		if (OBJECT_ADDR(where) == addr && OBJECT_SPACE(OBJECT_LOAD(&slot->what)) == space)
			return home + i;
		if (i >= reach)
			break;
	}
	return OBJECT_NONE;
}

/* Free the slot at index, if it still holds addr. Returns 1 if so, else 0. */
OBJECT_FUNC int object_clear(__u64 index, __u64 addr)
{
	struct object_slot *slot = OBJECT_SLOT(index);
	__u64 where, seen;

	if (!slot)
		return 0;
	where = OBJECT_LOAD(&slot->where);
	for (__u32 i = 0; i < OBJECT_TRIES; i++) {
		if (OBJECT_ADDR(where) != addr)
			return 0;
		seen = OBJECT_CAS(&slot->where, where, OBJECT_REACH(where));
		if (seen == where)
			return 1;
		where = seen; /* its reach was raised, or somebody was faster */
	}
	return 0;
}

/* Objects of home may be as far away as i slots from now on. Returns 1, or 0: it cannot be said. */
OBJECT_FUNC int object_raise(__u64 home, __u64 i)
{
	struct object_slot *slot = OBJECT_SLOT(home);
	__u64 where, seen;

	if (!slot)
		return 0;
	where = OBJECT_LOAD(&slot->where);
	for (__u32 k = 0; k < OBJECT_TRIES; k++) {
		if (OBJECT_REACH(where) >= i)
			return 1;
		seen = OBJECT_CAS(&slot->where, where, OBJECT_WHERE(OBJECT_ADDR(where), i));
		if (seen == where)
			return 1;
		where = seen;
	}
	return 0;
}

/* Take the slot at index, if it is free. Returns 1, 0: it is not, or -1: there is none. */
OBJECT_FUNC int object_take(__u64 index, __u64 addr)
{
	struct object_slot *slot = OBJECT_SLOT(index);
	__u64 where, seen;

	if (!slot)
		return -1;
	where = OBJECT_LOAD(&slot->where);
	for (__u32 i = 0; i < OBJECT_TRIES; i++) {
		if (OBJECT_ADDR(where))
			return 0;
		seen = OBJECT_CAS(&slot->where, where, OBJECT_WHERE(addr, OBJECT_REACH(where)));
		if (seen == where)
			return 1;
		where = seen;
	}
	return 0;
}

static __always_inline void object_fill(struct object_slot *slot, __u64 what, __u64 when)
{
	OBJECT_STORE(&slot->what, what);
	OBJECT_STORE(&slot->when, when);
}

/* object_insert where the home is taken, or has a reach. */
OBJECT_FUNC int object_insert_far(__u64 addr, __u64 what, __u64 when)
{
	__u64 space = OBJECT_SPACE(what), home = object_home(addr, space), index;
	struct object_slot *slot;
	int taken;

	index = object_find(addr, space);
	if (index != OBJECT_NONE) {
		slot = OBJECT_SLOT(index);
		if (slot) {
			object_fill(slot, what, when);
			return 1;
		}
	}
	for (__u32 i = 0; i < OBJECT_WINDOW; i++) {
		taken = object_take(home + i, addr);
		if (!taken)
			continue;
		if (taken < 0)
			break;
		slot = OBJECT_SLOT(home + i);
		if (!slot)
			break;
		object_fill(slot, what, when);
		/* its owner has not got it yet: nobody looks for it before it can be found */
		if (i && !object_raise(home, i)) {
			object_clear(home + i, addr);
			break;
		}
		return 0;
	}
	return -1;
}

/* Enter an object. Returns 0, 1: it replaces one at its address, or -1: no room. */
static __always_inline int object_insert(__u64 addr, __u64 what, __u64 when)
{
	struct object_slot *slot = OBJECT_HOME_SLOT(object_home(addr, OBJECT_SPACE(what)));

	if (!slot)
		return -1;
	if (OBJECT_LOAD(&slot->where) || OBJECT_CAS(&slot->where, 0, OBJECT_WHERE(addr, 0)))
		return object_insert_far(addr, what, when);
	object_fill(slot, what, when);
	return 0;
}

/* object_remove where the object is not at home, or the home has a reach. */
OBJECT_FUNC int object_remove_far(__u64 addr, __u64 space)
{
	__u64 index = object_find(addr, space);

	return index != OBJECT_NONE && object_clear(index, addr);
}

/* Remove an object. Returns 1, or 0: it is not there. */
static __always_inline int object_remove(__u64 addr, __u64 space)
{
	struct object_slot *slot = OBJECT_HOME_SLOT(object_home(addr, space));
	__u64 where;

	if (!slot)
		return 0;
	where = OBJECT_LOAD(&slot->where);
	if (OBJECT_REACH(where))
		return object_remove_far(addr, space);
	if (OBJECT_ADDR(where) != addr || OBJECT_SPACE(OBJECT_LOAD(&slot->what)) != space)
		return 0;
	return OBJECT_CAS(&slot->where, where, 0) == where || object_remove_far(addr, space);
}

#endif
