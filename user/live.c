/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include <stdbool.h>
#include <time.h>

#include "live_hash.h"

/* tests/unit/test_live_table.c puts its own in their place. */
#ifndef LIVE_READ
#define LIVE_READ(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define LIVE_EXCHANGE(p, old, new)                                                                 \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define LIVE_COUNT(p, n) __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST)
#define LIVE_MASK(p, mask) __atomic_fetch_and(p, mask, __ATOMIC_SEQ_CST)
#define LIVE_WAIT(p, value) wait_while(p, value)

/*
 * Until the word at p is another one. Whoever has to change it is between two instructions; unless
 * it has lost its CPU this takes no time. False: it has not changed for seconds.
 */
static bool wait_while(const __u64 *p, __u64 value)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	int i;

	for (i = 0; i < 6000; i++) {
		if (LIVE_READ(p) != value)
			return true;
		if (i > 1000)
			nanosleep(&nap, NULL);
	}
	return false;
}
#endif

/* What of the first word makes it another block's. */
static __u64 owner(__u64 where)
{
	return where & ~(LIVE_REACH_MASK | LIVE_HELD);
}

/*
 * Copy a slot. False: it is free. The BPF side changes slots meanwhile: two copies in a row that
 * are the same are of one block. (For them to be the same and wrong, twice the same other block
 * would have to come and go between two loads.)
 */
static bool read_slot(const struct live_slot *slot, struct live_slot *out)
{
	struct live_slot again;

	for (;;) {
		out->where = LIVE_READ(&slot->where);
		if (!LIVE_ADDR(out->where))
			return false;
		if (out->where & LIVE_BUSY) {
			if (!LIVE_WAIT(&slot->where, out->where))
				return false;
			continue;
		}
		out->what = LIVE_READ(&slot->what);
		out->when = LIVE_READ(&slot->when);
		again.where = LIVE_READ(&slot->where);
		again.what = LIVE_READ(&slot->what);
		again.when = LIVE_READ(&slot->when);
		if (owner(again.where) == owner(out->where) && again.what == out->what &&
		    again.when == out->when && owner(LIVE_READ(&slot->where)) == owner(out->where))
			return true;
	}
}

uint32_t live__next_epoch(__u64 *counts, int n_cpus, size_t stride, uint64_t *counted)
{
	const __u64 step = 1ULL << SEEN_EPOCH_SHIFT;
	uint64_t old = 0;
	int cpu;

	*counted = 0;
	for (cpu = 0; cpu < n_cpus; cpu++) {
		/* the carry out of the topmost bit is dropped */
		old = LIVE_COUNT(counts + cpu * stride, step);
		*counted += SEEN_COUNT(old);
	}
	return SEEN_EPOCH(old + step);
}

int live__for_each(const struct live_table *table, uint32_t space, uint32_t epoch,
		   int (*fn)(const struct live_block *, void *), void *arg)
{
	struct live_block block;
	struct live_slot copy;
	__u64 when;
	size_t i;
	int err = 0;

	if (table->hash)
		return live_hash__for_each(table->hash, space, fn, arg);
	for (i = 0; i < table->n && !err; i++) {
		if (!read_slot(&table->slot[i], &copy) || LIVE_EPOCH(copy.when) == epoch + 1)
			continue;
		when = copy.when;
		if (LIVE_EPOCH(when)) /* fails if there is another block by now */
			LIVE_EXCHANGE(&table->slot[i].when, &when, when & ~LIVE_EPOCH_MASK);
		if (LIVE_SPACE(copy.what) != (space & 255))
			continue;
		block.addr = LIVE_ADDR(copy.where);
		block.size = LIVE_SIZE(copy.what);
		block.entry = LIVE_ENTRY(copy.what);
		block.stack = LIVE_STACK(copy.when);
		block.birth = LIVE_BIRTH(copy.when);
		block.held = copy.where & LIVE_HELD;
		err = fn(&block, arg);
	}
	return err;
}

uint64_t live__purge(const struct live_table *table, uint32_t space)
{
	struct live_slot copy;
	uint64_t gone = 0;
	size_t i;

	if (table->hash)
		return live_hash__purge(table->hash, space);
	for (i = 0; i < table->n; i++)
		if (read_slot(&table->slot[i], &copy) &&
		    (int8_t)(LIVE_SPACE(copy.what) - space) < 0) {
			LIVE_MASK(&table->slot[i].where, LIVE_REACH_MASK);
			gone++;
		}
	return gone;
}
