/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach - verdicts on blocks by reachability, as sums in a report: reach/mark.h says what they
 * mean. */
#ifndef REPORT_REACH_H
#define REPORT_REACH_H

#include <stdbool.h>
#include <stdint.h>

enum reach_kind {
	REACH_UNJUDGED, /* no block of the heap, or allocated since the memory was looked at */
	REACH_REACHABLE,
	REACH_POSSIBLE,
	REACH_INDIRECT,
	REACH_DEFINITE,
	REACH_KINDS,
};

struct reach_sum {
	uint64_t bytes, count;
};

/* What a whole report says of how it was looked. */
struct report_reach {
	bool wanted;
	/* Why there is no verdict, a sentence without its stop; "": there is one. */
	char why_not[240];
	uint64_t scans;	   /* whose verdicts agree */
	uint64_t apart_ns; /* the first and the last one */
	uint64_t pause_ns; /* the longest stop */
	uint64_t copied;   /* bytes, at the last one; 0: it was judged while it stood still */
	uint64_t mark_ns;
	uint64_t swapped;    /* bytes that reading has brought back from swap */
	uint64_t heap_roots; /* bytes of the heap that are no known block, and were roots */
	struct reach_sum sum[REACH_KINDS];
};

static inline void reach_sum__add(struct reach_sum *sum, uint64_t bytes, uint64_t count)
{
	if (__builtin_add_overflow(sum->bytes, bytes, &sum->bytes))
		sum->bytes = UINT64_MAX;
	sum->count += count;
}

/* Is there a verdict? */
static inline bool reach__is_judged(const struct report_reach *reach)
{
	return reach->wanted && !reach->why_not[0];
}

#endif
