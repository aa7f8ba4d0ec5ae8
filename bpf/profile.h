/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * profile - what every stack has allocated and freed in all, and what it held when the process held
 * most.
 *
 * All counts are sums of atomic additions: exact, whatever happens at the same time.
 *
 * The peak of the process is the largest value that its sum of bytes has had, as each addition
 * returns it: exact, too. What the stacks held then cannot be copied at each new peak. So peaks are
 * numbered (moment), and a stack that is about to change looks whether there has been a new one
 * since it changed last (seen). If so, what it holds now is what it held then, and is put aside
 * (at_peak). A stack that has not changed since needs no such copy.
 *
 * One thread alone: exact; the stacks' shares add up to the peak. With more of them, what another
 * one was just adding or taking away when the peak was set may be counted to either side of it: a
 * share is wrong by one block at most for each other thread that is within a probe at that moment.
 *
 * A copy must not come late: a program can lose its CPU between any two instructions, and peaks go
 * on. So it is made by whoever moves seen on, from what was read before, and not once seen has been
 * moved on again. tests/unit/test_profile_table.c goes through all orders of that.
 *
 * An execve begins anew: nothing is outstanding, and the next peak is that of the new program.
 *
 * Includes nothing; whoever includes it defines
 *   PROFILE_TOTAL		struct profile_total *, of the process
 *   PROFILE_STACK(i)		the stack with index i, or NULL
 *   PROFILE_CAS(p, old, new)	compare and exchange the word at p; returns what was there
 *   PROFILE_ADD(p, v)		atomic add; returns what was there
 *   PROFILE_LOAD(p), PROFILE_STORE(p, v)
 *   PROFILE_FUNC		what stands before each function
 */
#ifndef PROFILE_H
#define PROFILE_H

/* Other threads raise the peak at the same time, but not so often in a row. */
#define PROFILE_TRIES 64

/* What is outstanding with a stack. */
static __always_inline __u64 profile_count(struct profile_stack *p)
{
	return PROFILE_LOAD(&p->made.count) - PROFILE_LOAD(&p->freed.count) -
	       PROFILE_LOAD(&p->gone.count);
}

static __always_inline __u64 profile_bytes(struct profile_stack *p)
{
	return PROFILE_LOAD(&p->made.bytes) - PROFILE_LOAD(&p->freed.bytes) -
	       PROFILE_LOAD(&p->gone.bytes);
}

static __always_inline void profile_count_up(struct profile_sum *sum, __u64 size)
{
	PROFILE_ADD(&sum->count, 1);
	PROFILE_ADD(&sum->bytes, size);
}

/* Put aside what was held at the peak of that number, unless that of a later one is there. */
static __always_inline void profile_keep(struct profile_stack *p, __u64 *word, __u64 moment,
					 __u64 held)
{
	__u64 there = PROFILE_LOAD(word), seen;

	/* again only if somebody who comes late has been faster */
	for (__u32 i = 0; i < PROFILE_TRIES && PROFILE_LOAD(&p->seen) == moment; i++) {
		seen = PROFILE_CAS(word, there, PROFILE_ASIDE(moment, held));
		if (seen == there)
			return;
		there = seen;
	}
}

/* There has been a peak since p changed last, when seen was the last one. */
PROFILE_FUNC int profile_put_aside(__u32 i, __u64 seen, __u64 now)
{
	struct profile_stack *p = PROFILE_STACK(i);
	__u64 count, bytes;

	if (!p)
		return 0;
	count = profile_count(p);
	bytes = profile_bytes(p);
	if (PROFILE_CAS(&p->seen, seen, now) != seen)
		return 0; /* somebody else does it */
	if (seen < PROFILE_LOAD(&PROFILE_TOTAL->exec_moment)) {
		PROFILE_ADD(&p->gone.count, count);
		PROFILE_ADD(&p->gone.bytes, bytes);
		count = bytes = 0;
	}
	profile_keep(p, &p->at_peak.count, now, count);
	profile_keep(p, &p->at_peak.bytes, now, bytes);
	return 0;
}

/* Before p changes: put aside what it held at the last peak, if it has not changed since. */
static __always_inline void profile_settle(struct profile_stack *p, __u32 i)
{
	__u64 seen = PROFILE_LOAD(&p->seen), now = PROFILE_LOAD(&PROFILE_TOTAL->moment);

	if (seen < now)
		profile_put_aside(i, seen, now);
}

/* The process holds so many bytes now. Is that a new peak? */
PROFILE_FUNC int profile_reach(__u64 held, __u64 time)
{
	__u64 peak = PROFILE_LOAD(&PROFILE_TOTAL->peak), there;

	for (__u32 i = 0; i < PROFILE_TRIES && held > peak; i++) {
		there = PROFILE_CAS(&PROFILE_TOTAL->peak, peak, held);
		if (there == peak) {
			PROFILE_ADD(&PROFILE_TOTAL->moment, 1);
			PROFILE_STORE(&PROFILE_TOTAL->peak_time, time);
			break;
		}
		peak = there;
	}
	return 0;
}

/* A block of so many bytes comes. time: now, in jiffies; entry: see struct profile_stack. */
PROFILE_FUNC int profile_add(__u32 i, __u64 size, __u32 entry, __u64 time)
{
	struct profile_stack *p = PROFILE_STACK(i);

	if (!p)
		return 0;
	profile_settle(p, i);
	if (!PROFILE_LOAD(&p->entry))
		PROFILE_STORE(&p->entry, entry + 1);
	profile_count_up(&p->made, size);
	profile_reach(PROFILE_ADD(&PROFILE_TOTAL->outstanding, size) + size, time);
	return 0;
}

/* The index of a lifetime in profile_stack.lived: 0, or one more than its binary logarithm. */
static __always_inline __u32 profile_lifetime(__u64 ticks)
{
	__u32 i = 0;

	if (ticks >> (PROFILE_LIVES - 2))
		return PROFILE_LIVES - 1;
	if (ticks >> 16) {
		i += 16;
		ticks >>= 16;
	}
	if (ticks >> 8) {
		i += 8;
		ticks >>= 8;
	}
	if (ticks >> 4) {
		i += 4;
		ticks >>= 4;
	}
	if (ticks >> 2) {
		i += 2;
		ticks >>= 2;
	}
	return i + (ticks >> 1) + (ticks != 0);
}

/* A block is freed, so many ticks after it came. temporary: by its thread's next call. */
PROFILE_FUNC int profile_remove(__u32 i, __u64 size, __u64 ticks, __u32 temporary)
{
	struct profile_stack *p = PROFILE_STACK(i);
	__u32 life = profile_lifetime(ticks);

	if (!p || life >= PROFILE_LIVES)
		return 0;
	profile_settle(p, i);
	profile_count_up(&p->freed, size);
	PROFILE_ADD(&p->lived[life], 1);
	if (temporary)
		profile_count_up(&p->temporary, size);
	PROFILE_ADD(&PROFILE_TOTAL->outstanding, -size);
	return 0;
}

/* A block is lost sight of: no longer outstanding, and nobody has freed it. */
PROFILE_FUNC int profile_lose(__u32 i, __u64 size)
{
	struct profile_stack *p = PROFILE_STACK(i);

	if (!p)
		return 0;
	profile_settle(p, i);
	profile_count_up(&p->gone, size);
	PROFILE_ADD(&PROFILE_TOTAL->outstanding, -size);
	return 0;
}

/* The process has called execve, so no other thread is there. */
static __always_inline void profile_exec(void)
{
	__u64 moment = PROFILE_LOAD(&PROFILE_TOTAL->moment) + 1;

	PROFILE_STORE(&PROFILE_TOTAL->outstanding, 0);
	PROFILE_STORE(&PROFILE_TOTAL->peak, 0);
	PROFILE_STORE(&PROFILE_TOTAL->exec_moment, moment);
	PROFILE_STORE(&PROFILE_TOTAL->moment, moment);
}

#endif
