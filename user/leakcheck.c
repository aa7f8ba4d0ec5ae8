/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakcheck.h"

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heldby.h"
#include "reach/judgement.h"
#include "report/report.h"
#include "session.h"
#include "snapshot.h"

struct leakcheck {
	struct leakcheck_opts opts;
	struct session *session;
	struct snapshot *snapshot;
	struct judgement *early, *verdict;
	uint64_t early_ns; /* when */
	bool exited;	   /* the verdict is of the very end */
	bool silent;	   /* there is nothing to say about this report */
	struct report_reach how;
};

struct leakcheck *leakcheck__new(const struct leakcheck_opts *opts, struct session *session,
				 struct snapshot *snapshot)
{
	struct leakcheck *lc = calloc(1, sizeof(*lc));

	if (lc) {
		lc->opts = *opts;
		lc->session = session;
		lc->snapshot = snapshot;
	}
	return lc;
}

void leakcheck__free(struct leakcheck *lc)
{
	if (!lc)
		return;
	judgement__free(lc->early);
	judgement__free(lc->verdict);
	free(lc);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void leakcheck__restart(struct leakcheck *lc)
{
	lc->opts.started = true;
}

/* --- looking --- */

/*
 * Is every block known that the program has? If one of them is not, what it points to would look
 * lost.
 */
static bool all_known(const struct leakcheck *lc)
{
	struct session_stats st;

	session__stats(lc->session, &st);
	return lc->opts.started && !lc->opts.some_allocators && !st.sum[STAT_LOST_FULL] &&
	       !st.sum[STAT_LOST_READ] && !st.sum[STAT_LOST_REALLOC] && !st.sum[STAT_NO_SLOT];
}

static int blocks(int (*add)(const struct judgement_block *b, void *to), void *to, void *arg)
{
	const struct leakcheck *lc = arg;

	return snapshot__blocks(lc->snapshot, add, to);
}

static struct judgement *scan(struct leakcheck *lc, bool at_exit)
{
	const struct judgement_opts opts = {
		.max_pause_ns = at_exit ? 0 : lc->opts.max_pause_ns,
		.max_memory = lc->opts.max_memory,
		.unasked = lc->opts.only_at_exit,
		.all_known = all_known(lc),
		.at_call = at_exit,
		.by_whom = lc->opts.by_whom,
		.blocks = blocks,
		.arg = lc,
	};
	struct judgement *v;

	if (judgement__scan(lc->opts.pid, &opts, &lc->how, &v))
		return NULL;
	lc->how.scans++;
	return v;
}

static void begin(struct leakcheck *lc)
{
	lc->how = (struct report_reach){.wanted = true};
}

void leakcheck__at_exit(struct leakcheck *lc)
{
	begin(lc);
	judgement__free(lc->verdict);
	lc->verdict = scan(lc, true);
	lc->exited = true;
}

void leakcheck__look_early(struct leakcheck *lc)
{
	begin(lc);
	lc->early = scan(lc, false);
	lc->early_ns = now_ns();
}

/* Look, and compare with the first look if there has to be one. */
static struct judgement *look(struct leakcheck *lc)
{
	struct judgement *j = NULL;
	uint64_t apart = now_ns() - lc->early_ns;

	if (!lc->opts.confirm_ns) {
		begin(lc);
		return scan(lc, false);
	}
	if (lc->early && apart >= lc->opts.confirm_ns) {
		j = scan(lc, false);
		lc->how.apart_ns = apart;
		if (j)
			judgement__confirm(j, lc->early);
	} else if (lc->early || !lc->early_ns) {
		begin(lc);
		snprintf(lc->how.why_not, sizeof(lc->how.why_not),
			 "there was no time for a second look");
	} /* else the first one has failed, and said why */
	judgement__free(lc->early);
	lc->early = NULL;
	lc->early_ns = 0;
	return j;
}

void leakcheck__look(struct leakcheck *lc, bool ended)
{
	lc->silent = !ended && lc->opts.only_at_exit;
	if (lc->silent) {
		lc->snapshot->verdict = NULL;
		return;
	}
	if (!ended) {
		judgement__free(lc->verdict);
		lc->verdict = look(lc);
	} else if (!lc->exited) { /* what was so at the last report is not so now */
		judgement__free(lc->verdict);
		lc->verdict = NULL;
		begin(lc);
		snprintf(lc->how.why_not, sizeof(lc->how.why_not),
			 lc->opts.started ? "the program did not end by _exit"
					  : "the process has ended, and its memory with it");
	}
	lc->how.wanted = true;
	lc->snapshot->verdict = lc->verdict;
}

void leakcheck__complete(const struct leakcheck *lc, struct report *r)
{
	struct reach_sum sum[REACH_KINDS];

	if (lc->silent)
		return;
	memcpy(sum, r->reach.sum, sizeof(sum));
	r->reach = lc->how;
	memcpy(r->reach.sum, sum, sizeof(sum));
	if (lc->verdict && lc->opts.by_whom)
		heldby__complete(lc->verdict, lc->opts.pid, lc->opts.debuginfod, r);
}
