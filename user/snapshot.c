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
	const struct session_stats *at_start;
	uint32_t space;
	uint64_t outstanding; /* blocks of this snapshot */
};

static int add_block(const struct live_key *key, const struct live_block *b, void *arg)
{
	struct collect *c = arg;
	uint32_t cpu = LIVE_ID_CPU(b->id);
	struct model_block block = {
		.addr = key->addr,
		.size = b->size,
		.birth_ns = b->birth_ns,
		.stack = b->stack,
	};

	if (key->space != c->space)
		return 0;
	if (cpu >= c->at_start->n_cpus || LIVE_ID_SEQ(b->id) >= c->at_start->seen[cpu])
		return 0; /* born since */
	block.entry = b->entry < n_entry_points ? entry_points[b->entry].symbol : "?";
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
	struct collect c = {.s = s, .at_start = &before};
	struct report *r = NULL;
	struct timespec now;
	uint64_t cut[WALK_ENDS];
	int err;

	clock_gettime(CLOCK_MONOTONIC, &now);
	err = model__begin(s->model, now.tv_sec * 1000000000ULL + now.tv_nsec, all_ages);
	if (!err) /* before the counters: no more stacks than allocations */
		err = stacks__count_cut(s->stacks, cut);
	if (!err)
		err = session__stats(s->session, &before);
	if (err)
		goto cleanup;
	c.space = session__space(s->session);
	err = live__for_each(session__live_fd(s->session), add_block, &c);
	if (!err)
		err = intervals__for_each(s->mappings->intervals, add_interval, &c);
	if (!err)
		err = session__stats(s->session, &after);
	if (!err)
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
	session__stats_clear(&before);
	session__stats_clear(&after);
	return err;
}

int snapshot__forget_old_program(struct snapshot *s)
{
	int64_t gone = live__purge(session__live_fd(s->session), session__space(s->session));

	if (gone < 0)
		return (int)gone;
	s->gone_exec += gone;
	intervals__clear(s->mappings->intervals);
	return 0;
}
