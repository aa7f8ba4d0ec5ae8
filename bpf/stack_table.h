/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * stack_table - distinct stacks by a hash of their frames: open addressing, nothing is ever
 * removed.
 *
 * Not BPF_MAP_TYPE_STACK_TRACE, which drops or mixes stacks when hashes collide. A slot is taken by
 * exchanging its hash; whoever does that also stores the frames.
 *
 * Includes nothing; whoever includes it defines
 *   STACK_SLOT(i)		the slot with index i, or NULL
 *   STACK_HOMES		homes there are
 *   STACK_CAS(p, old, new)	compare and exchange the word at p; returns what was there
 *   STACK_LOAD(p)
 *   STACK_FUNC			what stands before the function
 */
#ifndef STACK_TABLE_H
#define STACK_TABLE_H

#define STACK_NEW (1ULL << 32) /* with the key: the frames have to be stored */

/*
 * Find the stack with this hash, or take a slot for it. Returns its key, with STACK_NEW for a new
 * one, or 0: no room.
 */
STACK_FUNC __u64 stack_enter(__u64 hash)
{
	__u64 home = (hash >> 32) * STACK_HOMES >> 32, there;
	struct stack_slot *slot;

	for (__u32 i = 0; i < STACK_WINDOW; i++) {
		slot = STACK_SLOT(home + i);
		if (!slot)
			break;
		there = STACK_LOAD(&slot->hash);
		if (!there) {
			there = STACK_CAS(&slot->hash, 0, hash);
			if (!there)
				return (home + i + 1) | STACK_NEW;
		}
		if (there == hash)
			return home + i + 1;
	}
	return 0;
}

#endif
