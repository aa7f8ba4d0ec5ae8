/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include <stdbool.h>

static uint64_t load(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/*
 * Copy a slot. False: it is free, or busy. The BPF side changes slots meanwhile: two copies in a
 * row that are the same are of one block.
 */
static bool read_slot(const struct live_slot *slot, struct live_slot *out)
{
	struct live_slot before;

	out->where = load(&slot->where);
	do {
		before.where = out->where;
		if (!LIVE_ADDR(before.where) || before.where & LIVE_BUSY)
			return false;
		before.what = load(&slot->what);
		before.when = load(&slot->when);
		out->where = load(&slot->where);
		out->what = load(&slot->what);
		out->when = load(&slot->when);
	} while (((out->where ^ before.where) & ~LIVE_REACH_MASK) || out->what != before.what ||
		 out->when != before.when || load(&slot->where) != out->where);
	return true;
}

int live__for_each(const struct live_table *table, uint32_t space, uint32_t epoch,
		   int (*fn)(const struct live_block *, void *), void *arg)
{
	struct live_block block;
	struct live_slot copy;
	__u64 when;
	size_t i;
	int err = 0;

	for (i = 0; i < table->n && !err; i++) {
		if (!read_slot(&table->slot[i], &copy) || LIVE_SPACE(copy.what) != (space & 255) ||
		    LIVE_EPOCH(copy.when) == epoch + 1)
			continue;
		when = copy.when;
		if (LIVE_EPOCH(when)) /* fails if there is another block by now */
			__atomic_compare_exchange_n(&table->slot[i].when, &when,
						    when & ~LIVE_EPOCH_MASK, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
		block.addr = LIVE_ADDR(copy.where);
		block.size = LIVE_SIZE(copy.what);
		block.entry = LIVE_ENTRY(copy.what);
		block.stack = LIVE_STACK(copy.when);
		block.birth = LIVE_BIRTH(copy.when);
		err = fn(&block, arg);
	}
	return err;
}

uint64_t live__purge(const struct live_table *table, uint32_t space)
{
	struct live_slot copy;
	uint64_t gone = 0;
	size_t i;

	/* nobody else changes them: the program that they belong to has ended */
	for (i = 0; i < table->n; i++)
		if (read_slot(&table->slot[i], &copy) && LIVE_SPACE(copy.what) != (space & 255)) {
			__atomic_fetch_and(&table->slot[i].where, LIVE_REACH_MASK,
					   __ATOMIC_SEQ_CST);
			gone++;
		}
	return gone;
}
