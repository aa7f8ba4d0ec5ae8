/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * series - how much a stack held at each report of a session, and what became of the blocks.
 *
 * All stacks share one axis of times. When it is full it is thinned: recent points stay as they
 * are, older ones are left out evenly, the first ones never. What is kept is exact.
 *
 * The blocks that were first there at one point are a cohort. Of each it is known how many came,
 * and how many are alive: what has been freed, and how old it was, without an event for each free.
 * Blocks that came and went between two points are not in it.
 *
 *	axis__add → series__begin, series__count…, series__set for each stack
 */
#ifndef REPORT_SERIES_H
#define REPORT_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_MAX 128
#define SERIES_MIN 32	 /* points that an axis keeps at least, however many stacks there are */
#define SERIES_RECENT 12 /* of these, kept as they are */
#define SERIES_FIRST 8	 /* and so many first ones at most */

/* Births up to here are of this cohort or an earlier one; by the clock that a birth is told by. */
struct series_until {
	uint64_t ns;	/* CLOCK_MONOTONIC */
	uint64_t ticks; /* of the caller's counter */
};

struct series_axis {
	size_t n;
	size_t begun; /* of the program's start, or at which anything was held; it and the next one
			 stay */
	uint64_t time_ns[SERIES_MAX];
	struct series_until until[SERIES_MAX];
};

struct series_point {
	uint64_t bytes, count;
	double came, alive; /* blocks of the cohort; estimates if there is a sample only */
	double found;	    /* of this look, until series__set */
	/* blocks that were there at the point before, older than half of the time, and how many of
	 * these are gone now */
	double old, old_gone;
};

/* All zero: held nothing so far. */
struct series {
	size_t first, n, room; /* at[0] is point first of the axis; before that nothing was held */
	struct series_point *at; /* up to the last point of the axis */
};

/* Begin the next point, or the last one again if now_ns is not after it. There has to be room. */
void axis__add(struct series_axis *axis, uint64_t now_ns, const struct series_until *until);
/*
 * Leave points out, so that less than max are there: to[i] is where point i goes to, the same as
 * that of the next one if it is left out.
 */
void axis__thin(struct series_axis *axis, size_t max, uint8_t to[SERIES_MAX]);
/* The cohort of a birth; SIZE_MAX: it is too young for the last one. */
size_t axis__cohort(const struct series_axis *axis, uint64_t birth_ns, uint64_t ticks);

void series__clear(struct series *s);
/* Follow an axis__thin. */
void series__thin(struct series *s, const uint8_t to[SERIES_MAX]);
/* Be as long as the axis; nothing is found so far. Returns 0 or -ENOMEM. */
int series__begin(struct series *s, const struct series_axis *axis);
/* blocks[i] of cohort i are there; adds to what was found of it before. From the first cohort on.
 */
int series__found(struct series *s, const struct series_axis *axis, const double *blocks);
/* What is held at the last point, and an end of the finding: what is missing has been freed. */
void series__set(struct series *s, const struct series_axis *axis, uint64_t bytes, uint64_t count);
#endif
