/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site_verdict - does a stack leak? From how much it held at each report, and from the ages of what
 * it holds and of what has been freed. Nothing in it depends on how long an interval is.
 *
 *	leaking		grows steadily to the end, and blocks, once grown old, are not freed
 *	growing cache	grows, but old blocks are freed as well, or grows ever more slowly
 *	plateau		has grown, and then no more
 *	churn		blocks come and go, and there are not more and more of them
 *	start-up	all of it came at the program's start, and stays
 *
 * Steadily: by the tests of trend.h, over the whole time or its second half. Old: older than half
 * of the time; many that are freed soon do not make a stack leak less that keeps one in a hundred.
 *
 * How sure: Laplace's rule of succession. What has been so in k of k intervals will be in the next
 * with (k + 1) / (k + 2) (Essai philosophique sur les probabilités, 1814); k counts the intervals
 * that the verdict rests on. For what grows times 1 - p, the confidence of the trend's test. So no
 * verdict is sure that rests on four intervals: 83 %; 99 % takes a hundred.
 */
#ifndef REPORT_SITE_VERDICT_H
#define REPORT_SITE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/series.h"

enum verdict_kind {
	VERDICT_EARLY, /* too early to say */
	VERDICT_LEAKING,
	VERDICT_CACHE,
	VERDICT_PLATEAU,
	VERDICT_CHURN,
	VERDICT_STARTUP,
	VERDICT_KINDS
};

enum verdict_reason {
	REASON_FEW_REPORTS,
	REASON_NOT_STEADY,
	REASON_STILL_RISING,
	REASON_NONE_FREED,
	REASON_FEW_FREED,
	REASON_OLD_STAY,
	REASON_OLD_FREED,
	REASON_SLOWS_DOWN,
	REASON_STAYS,
	REASON_COMES_AND_GOES,
	REASON_REPLACED,
	REASON_BECOMES_LESS,
	REASON_FROM_START,
	VERDICT_REASONS
};

#define VERDICT_INTERVALS 4 /* fewer say nothing: trend.h needs five points */

struct site_verdict {
	enum verdict_kind kind;
	enum verdict_reason reason;
	unsigned int sure;	 /* per cent; 0 if it is too early */
	uint64_t bytes_per_hour; /* of what grows */
};

/*
 * s: what a stack held at the points of axis. started: the program was started under trace, so what
 * came first came at its start. Returns 0 or -ENOMEM.
 */
int site_verdict__find(const struct series_axis *axis, const struct series *s, bool started,
		       struct site_verdict *verdict);
/* "leaking" */
const char *site_verdict__word(enum verdict_kind kind);
/* "grows steadily, nothing freed": at most five words */
const char *site_verdict__reason(enum verdict_reason reason);
/* Where reports have it, first to last: what wants to be looked at most has the least. */
int site_verdict__rank(enum verdict_kind kind);
#endif
