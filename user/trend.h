/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trend - does a series of measurements grow, and how fast?
 *
 * The slope is Theil's and Sen's: the median of the slopes between all pairs of points, which
 * single outliers do not move. Whether there is a trend at all is Mann's and Kendall's test: how
 * often would as many pairs rise if the values came in random order? Exact up to 40 points, ties
 * included.
 *
 *	H. Theil, A rank-invariant method of linear and polynomial regression analysis, 1950
 *	P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63, 1968
 *	M. G. Kendall, Rank Correlation Methods, 4th edition 1970
 *
 * A test alone calls a cache that fills up a trend, and one jump: verdicts also ask whether growth
 * goes on at the end, and whether it came in more than one piece.
 */
#ifndef TREND_H
#define TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trend_kind {
	TREND_UNKNOWN,	 /* fewer points than can tell at 95 %: five */
	TREND_FLAT,	 /* within the floor */
	TREND_NOISY,	 /* changes, in no clear direction, or by one jump at the end */
	TREND_STOPPED,	 /* grew, and then no more: a warm-up, a jump, a cache that filled up */
	TREND_GROWING,	 /* grew all along, and still does */
	TREND_SHRINKING, /* became less, all along */
};

struct trend {
	enum trend_kind kind;
	size_t points;	    /* of which a value is known */
	double first, last; /* their values */
	double slope;	    /* per unit of time */
	double low, high;   /* the slope lies between them ... */
	double coverage;    /* ... with this probability: at least 0.95, if there are five points */
	double p; /* two-sided, of the test; 1 - p is the confidence that there is a trend */
};

/*
 * values[i] was measured at times[i], which increase; NAN: not known. Changes of no more than floor
 * in all do not matter. Returns 0 or -ENOMEM.
 */
int trend__find(const double *times, const double *values, size_t n, double floor,
		struct trend *trend);
/* "growing steadily", "grew and stopped", "noisy", "flat", "shrinking", "too few samples" */
const char *trend__word(enum trend_kind kind);
#endif
