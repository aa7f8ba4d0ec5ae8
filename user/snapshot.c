/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <time.h>

#include "live.h"
#include "mappings.h"
#include "probes.h"
#include "report/intervals.h"
#include "report/model.h"
#include "report/report.h"
#include "session.h"
#include "stacks.h"

struct collect {
	struct snapshot *s;
	const struct session_clock *clock;
	uint64_t outstanding; /* blocks of this snapshot */
};

static int add_block(const struct live_block *b, void *arg)
{
	struct collect *c = arg;
	struct model_block block = {
		.addr = b->addr,
		.size = b->size,
		.birth_ns = session__time_of(c->clock, b->birth),
		.stack = b->stack,
		.entry = b->entry < n_entry_points ? entry_points[b->entry].symbol : "?",
	};

	c->outstanding++;
	return model__add(c->s->model, &block);
}

static int add_interval(uint64_t start, uint64_t bytes, const struct interval_info *info, void *arg)
{
	struct collect *c = arg;
	struct model_block block = {
		.addr = start,
		.size = bytes,
		.birth_ns = info->birth_ns,
		.stack = info->stack,
		.entry = info->entry,
		.note = info->note,
	};

	return model__add(c->s->model, &block);
}

static uint64_t lost(const struct session_stats *st)
{
	return st->sum[STAT_LOST_FULL] + st->sum[STAT_LOST_READ] + st->sum[STAT_LOST_REALLOC];
}

/*
 * How far are the frees that were counted from those that follow from what is still there? Frees
 * counted before belong to blocks that the snapshot knows, so there are no fewer. While the target
 * runs there may be more: what was freed or lost during the reading, and one call in flight on each
 * CPU.
 */
static int64_t imbalance(uint64_t freed, const struct session_stats *before,
			 const struct session_stats *after, bool ended)
{
	uint64_t low = before->sum[STAT_FREED] + before->sum[STAT_IMPLIED];
	uint64_t high = after->sum[STAT_FREED] + after->sum[STAT_IMPLIED] + lost(after) -
			lost(before);

	if (!ended)
		high += before->n_cpus;
	if (freed < low)
		return (int64_t)(freed - low);
	return freed > high ? (int64_t)(freed - high) : 0;
}

static void fill_account(struct snapshot *s, const struct session_stats *before,
			 const struct session_stats *after, uint64_t outstanding,
			 const uint64_t cut[], bool ended, struct report_account *a)
{
	const uint64_t *sum = before->sum;
	struct intervals_account maps;
	uint64_t without;
	size_t i;

	intervals__account(s->mappings->intervals, &maps);
	a->seen = sum[STAT_SEEN];
	a->lost_full = sum[STAT_LOST_FULL];
	a->lost_read = sum[STAT_LOST_READ];
	a->lost_realloc = sum[STAT_LOST_REALLOC];
	a->gone_exec = s->gone_exec;
	a->outstanding = outstanding;
	a->freed = a->seen - outstanding - report__lost(a) - a->gone_exec;
	a->imbalance = imbalance(a->freed, before, after, ended);
	a->implied = sum[STAT_IMPLIED];
	a->untracked_frees = sum[STAT_UNTRACKED_FREE];
	a->failed = sum[STAT_FAILED];
	a->abandoned = sum[STAT_ABANDONED];
	a->no_slot = sum[STAT_NO_SLOT];
	a->filtered = sum[STAT_FILTERED];
	a->unsampled = sum[STAT_UNSAMPLED];
	a->stack_full = sum[STAT_STACK_FULL];
	a->stack_fault = sum[STAT_STACK_FAULT];
	a->event_lost = sum[STAT_EVENT_LOST];
	a->event_missed = after->missed;
	a->seen += maps.seen;
	a->freed += maps.freed;
	a->outstanding += maps.outstanding;
	a->gone_exec += maps.gone;
	a->lost_full += maps.lost;
	_Static_assert(WALK_ENDS <= REPORT_MAX_CUTS, "one reason each");
	for (i = 0; i < WALK_ENDS; i++) {
		a->cuts[i].why = stacks__cut_reason(i);
		a->cuts[i].count = cut[i] + s->mappings->cut[i];
		a->stacks_cut += a->cuts[i].count;
	}
	without = a->lost_read + a->stack_full + a->stacks_cut;
	a->stacks_complete = a->seen > without ? a->seen - without : 0;
}

int snapshot__take(struct snapshot *s, bool ended, bool all_ages, struct report **out)
{
	struct session_stats before = {0}, after = {0};
	const struct live_table *live = session__live(s->session);
	struct session_clock clock;
	struct collect c = {.s = s, .clock = &clock};
	struct report *r = NULL;
	uint64_t cut[WALK_ENDS];
	uint32_t epoch;
	int err;

	err = session__read_clock(s->session, &clock);
	if (!err)
		err = model__begin(s->model, clock.now_ns, all_ages);
	if (err)
		goto cleanup;
	/* before the counters: no more stacks than allocations */
	stacks__count_cut(s->stacks, cut);
	epoch = session__next_epoch(s->session, &before);
	err = live__for_each(live, session__space(s->session), epoch, add_block, &c);
	if (!err)
		err = intervals__for_each(s->mappings->intervals, add_interval, &c);
	if (err)
		goto cleanup;
	session__stats(s->session, &after);
	err = model__finish(s->model, &r);
	if (err)
		goto cleanup;
	r->time = time(NULL);
	r->target_ended = ended;
	fill_account(s, &before, &after, c.outstanding, cut, ended, &r->account);
	*out = r;
	r = NULL;
cleanup:
	report__free(r);
	return err;
}

void snapshot__forget_old_program(struct snapshot *s)
{
	s->gone_exec += live__purge(session__live(s->session), session__space(s->session));
	intervals__clear(s->mappings->intervals);
}
