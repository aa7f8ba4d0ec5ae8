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

struct report;

/* The figures of several processes, together: an exposition has them side by side. */
struct exposition *metrics__new(void); /* NULL: no memory */
/*
 * Add those of a report, with the first top of its stacks, 0: all. Of one that sums up several
 * processes: their sum, and each one's share.
 */
void metrics__add(struct exposition *e, const struct report *r, size_t top);
#endif
