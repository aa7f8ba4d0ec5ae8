/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile - with --profile: not only what is outstanding, but what has been allocated in all, and
 * the ways to look at that.
 */
#ifndef REPORT_PROFILE_H
#define REPORT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report;
struct report_site;

/*
 * Of freed blocks: [0] those whose lifetime was less than a tick of the kernel's clock, [i] those
 * of less than 2^i ticks that are not counted before; the last one has all that lived for longer.
 * As the clock ticks, so is a lifetime known: it may be up to a tick less than what it counts for.
 */
#define REPORT_LIVES 28

/* What one stack, or the process, has allocated since tracing began. Of the heap alone. */
struct report_profile {
	uint64_t count, bytes;
	uint64_t freed, freed_bytes;	     /* of these */
	uint64_t temporary, temporary_bytes; /* of the freed: by the next call of the same thread */
	/* outstanding when the process held more bytes than ever before or after; of the process:
	 * exactly, of stacks: see bpf/profile.h */
	uint64_t peak_count, peak_bytes;
	uint64_t lived[REPORT_LIVES]; /* their sum is freed */
};

/* By what stacks are ordered and shown. */
enum report_view {
	REPORT_VIEW_LEAKED, /* what is outstanding; the only one without a profile */
	REPORT_VIEW_PEAK,
	REPORT_VIEW_TOTAL,
	REPORT_VIEW_TEMPORARY,
	REPORT_VIEWS,
};

#define REPORT_VIEW_NAMES "leaked, peak, total or temporary"

const char *report_view__name(enum report_view view);
/* Returns 0, or -EINVAL: there is none of that name. */
int report_view__find(const char *name, enum report_view *view);

/* Sums stick at the top instead of wrapping. */
void report_profile__add(struct report_profile *sum, const struct report_profile *p);

/* A site as a view sees it. */
struct report_measure {
	uint64_t bytes, count;
};
struct report_measure report_site__measure(const struct report_site *site, enum report_view view);
/* The same of the whole report. */
struct report_measure report__measure(const struct report *r, enum report_view view);
/* What sites are ordered by, most first: bytes; temporary allocations always by count. */
uint64_t report_measure__weight(struct report_measure m, enum report_view view, bool by_count);

/* How many of the sites, which are in the order of the view, have something in it. */
size_t report__viewed(const struct report *r);
/* How many distinct sites there are that have something in the view, those not in sites included.
 */
size_t report__n_viewed(const struct report *r);
/* Look at the report in another way: put its sites into that order. Without a profile: -ENODATA. */
int report__view(struct report *r, enum report_view view);
#endif
