/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare - what has changed between two reports, stack by stack.
 *
 * Each site of either is in exactly one diff_site, so sums of these are the reports'. key.h says
 * when two sites are one.
 */
#ifndef DIFF_COMPARE_H
#define DIFF_COMPARE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct report;
struct report_site;

enum diff_kind {
	DIFF_NEW_SITE,
	DIFF_GROWN, /* in bytes; or in number, with as many bytes */
	DIFF_UNCHANGED,
	DIFF_SHRUNK,
	DIFF_GONE,
	DIFF_KINDS
};

struct diff_site {
	enum diff_kind kind;
	const struct report_site *old, *new; /* NULL: was not, is not there */
	const struct report_site *site;	     /* new, or old where there is none */
	int64_t bytes_delta, count_delta;    /* at the ends of the type, if beyond */
};

struct diff_sum {
	size_t sites;
	uint64_t old_bytes, old_count, new_bytes, new_count; /* stick at the largest number */
};

struct diff {
	const struct report *old, *new;
	const char *old_name, *new_name; /* of the files */
	struct diff_site *sites;	 /* what has grown most first, what has shrunk most last */
	size_t n_sites;
	struct diff_sum sum[DIFF_KINDS], total; /* of sites: reports may leave some out */
	int64_t bytes_delta, count_delta;	/* of total */
	char **notes; /* what makes the two less than comparable, a sentence each */
	size_t n_notes;
};

/* Reports and names have to outlive *out. Returns 0 or -ENOMEM. */
int diff__new(const struct report *old, const char *old_name, const struct report *new,
	      const char *new_name, struct diff **out);
void diff__free(struct diff *d);

/* "new", "grown" ... */
const char *diff__kind(enum diff_kind kind);
#endif
