/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics - the figures of reports for Prometheus. README and manual page list the names; all begin
 * with memleak_bpf_, and every sample has the labels pid and comm: "[kernel]" with -k.
 *
 * Cardinality: for each process less than 100 samples, and 5 for each of its top stacks.
 */
#ifndef RENDER_METRICS_H
#define RENDER_METRICS_H

#include <stddef.h>
#include <stdio.h>

#include "render/exposition.h"
#include "report/report.h"

/* The figures of several processes, together: an exposition has them side by side. */
struct exposition *metrics__new(void); /* NULL: no memory */
/*
 * Add those of a report, with the first top of its stacks, 0: all. Of one that sums up several
 * processes: their sum, and each one's share.
 */
void metrics__add(struct exposition *e, const struct report *r, size_t top);

/* What several processes have together, some of which may have ended. */
struct metrics_sum {
	uint64_t processes, bytes, count;
	struct report_account account;
};
/* Add what a report of one of them says; processes are for the caller to count. */
void metrics_sum__add(struct metrics_sum *sum, const struct report *r);
/* pid and comm: of the first one. */
void metrics__add_sum(struct exposition *e, uint64_t pid, const char *comm,
		      const struct metrics_sum *sum);
#endif
