/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <time.h>

#include "live.h"
#include "mappings.h"
#include "profile.h"
#include "probes.h"
#include "reconcile.h"
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

static struct judgement_block to_judge(const struct live_block *b)
{
	return (struct judgement_block){
		.addr = b->addr,
		.size = b->size,
		.birth = b->birth,
		.stack = b->stack,
		.held = b->held,
	};
}

static int add_block(const struct live_block *b, void *arg)
{
	struct collect *c = arg;
	const struct judgement_block id = to_judge(b);
	struct judgement_of of = judgement__find(c->s->verdict, &id);
	struct model_block block = {
		.addr = b->addr,
		.size = b->size,
		.reach = of.kind,
		.under = {of.under_bytes, of.under_count},
		.birth_ns = session__time_of(c->clock, b->birth),
		.birth_ticks = session__ticks_of(c->clock, b->birth),
		.stack = b->stack,
		.entry = b->entry < n_entry_points ? entry_points[b->entry].symbol : "?",
	};

	c->outstanding++;
	if (c->s->reconcile)
		reconcile__add(c->s->reconcile, b->addr, b->size,
			       sampling__is_on(&c->s->sampling)
				       ? 1 / sampling__chance(&c->s->sampling, b->size)
				       : 1,
			       true);
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
		.certain = true,
	};

	if (c->s->reconcile)
		reconcile__add(c->s->reconcile, start, bytes, 1, false);
	return model__add(c->s->model, &block);
}

/* Blocks that were recorded and are no longer there, by what came of them. */
static uint64_t counted_gone(const struct session_stats *st)
{
	return st->sum[STAT_FREED] + st->sum[STAT_IMPLIED] + st->sum[STAT_LOST_REALLOC];
}

#define LAG_NAPS 1000

/*
 * How far are the blocks that were counted as gone from those that are? Those counted before belong
 * to blocks that the snapshot knows, so there are no fewer; and no more than are counted after the
 * reading. Whoever takes a block out counts it at once, but may lose the CPU in between.
 */
static int64_t imbalance(struct snapshot *s, uint64_t gone, const struct session_stats *before,
			 struct session_stats *after)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	int i;

	for (i = 0; gone > counted_gone(after) && i < LAG_NAPS; i++) {
		nanosleep(&nap, NULL);
		session__stats(s->session, after);
	}
	if (gone < counted_gone(before))
		return (int64_t)(gone - counted_gone(before));
	return gone > counted_gone(after) ? (int64_t)(gone - counted_gone(after)) : 0;
}

static void fill_account(struct snapshot *s, const struct session_stats *before,
			 struct session_stats *after, uint64_t outstanding, const uint64_t cut[],
			 uint64_t frames_lost, struct report_account *a)
{
	const uint64_t *sum = before->sum;
	struct intervals_account maps;
	uint64_t without;
	size_t i;

	intervals__account(s->mappings->intervals, &maps);
	a->seen = session__seen(before);
	a->lost_full = sum[STAT_LOST_FULL];
	a->lost_read = sum[STAT_LOST_READ];
	a->lost_realloc = sum[STAT_LOST_REALLOC];
	a->gone_exec = s->gone_exec;
	a->outstanding = outstanding;
	a->freed = a->seen - outstanding - report__lost(a) - a->gone_exec;
	a->imbalance = imbalance(s, a->freed + a->lost_realloc, before, after);
	a->implied = sum[STAT_IMPLIED];
	a->untracked_frees = sum[STAT_UNTRACKED_FREE];
	a->failed = sum[STAT_FAILED];
	a->abandoned = sum[STAT_ABANDONED];
	a->no_slot = sum[STAT_NO_SLOT];
	a->filtered = sum[STAT_FILTERED];
	a->unsampled = sum[STAT_UNSAMPLED];
	a->stack_full = sum[STAT_STACK_FULL] + frames_lost;
	a->stack_fault = sum[STAT_STACK_FAULT];
	a->event_lost = sum[STAT_EVENT_LOST];
	a->event_missed = after->missed;
	a->event_unsure = after->unsure;
	a->seen += maps.seen + a->unsampled;
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
	without = a->lost_read + a->stack_full + a->stacks_cut + a->unsampled;
	a->stacks_complete = a->seen > without ? a->seen - without : 0;
}

/* Give up the blocks of the programs before the one that runs now. */
static void drop_old_programs(struct snapshot *s)
{
	uint32_t space = session__space(s->session);

	if (space != s->space)
		s->gone_exec += live__purge(session__live(s->session), space);
	s->space = space;
}

/*
 * Begin a new epoch. All that was born before it is to be of one program: on an execve meanwhile,
 * begin another one.
 */
static uint32_t next_epoch(struct snapshot *s, struct session_stats *before)
{
	uint32_t epoch = 0;
	int i;

	for (i = 0; i < 3; i++) {
		drop_old_programs(s);
		epoch = session__next_epoch(s->session, before);
		if (session__space(s->session) == s->space)
			break;
	}
	return epoch;
}

int snapshot__take(struct snapshot *s, bool ended, bool all_ages, struct report **out)
{
	struct session_stats before, after;
	struct session_clock clock;
	struct collect c = {.s = s, .clock = &clock};
	struct report *r = NULL;
	uint64_t cut[WALK_ENDS], frames_lost;
	uint32_t epoch;
	int err;

	err = session__read_clock(s->session, &clock);
	if (!err)
		err = model__begin(s->model, clock.now_ns, all_ages);
	if (err)
		goto cleanup;
	model__ticks(s->model, clock.now, clock.tick_ns);
	/* before the counters: no more stacks than allocations */
	frames_lost = stacks__count_cut(s->stacks, cut);
	epoch = next_epoch(s, &before);
	err = live__for_each(session__live(s->session), s->space, epoch, add_block, &c);
	if (!err)
		err = intervals__for_each(s->mappings->intervals, add_interval, &c);
	if (!err)
		err = profile__add(session__profile(s->session), s->model);
	if (err)
		goto cleanup;
	session__stats(s->session, &after);
	err = model__finish(s->model, &r);
	if (err)
		goto cleanup;
	r->time = time(NULL);
	r->target_ended = ended;
	r->children = after.sum[STAT_CHILDREN];
	profile__complete(session__profile(s->session), &clock, r);
	fill_account(s, &before, &after, c.outstanding, cut, frames_lost, &r->account);
	*out = r;
	r = NULL;
cleanup:
	report__free(r);
	return err;
}

struct hand_on {
	int (*fn)(const struct judgement_block *b, void *arg);
	void *arg;
};

static int hand_on(const struct live_block *b, void *arg)
{
	const struct judgement_block block = to_judge(b);
	const struct hand_on *to = arg;

	return to->fn(&block, to->arg);
}

int snapshot__blocks(struct snapshot *s, int (*fn)(const struct judgement_block *b, void *arg),
		     void *arg)
{
	struct hand_on to = {fn, arg};
	struct session_stats stats;
	uint32_t epoch;

	drop_old_programs(s);
	epoch = session__next_epoch(s->session, &stats);
	return live__for_each(session__live(s->session), s->space, epoch, hand_on, &to);
}

void snapshot__forget_old_program(struct snapshot *s)
{
	drop_old_programs(s);
	intervals__clear(s->mappings->intervals);
}
