/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sum - the reports of several processes as one: sites by what they are, not where they were
 * loaded.
 *
 *   sum__process once for each process, as it begins → sum__add with its last report → sum__report
 */
#ifndef REPORT_SUM_H
#define REPORT_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/report.h"

struct sum;

#define SUM_MAX_PROCESSES 65536 /* that are named; those beyond are added up all the same */

struct sum_opts {
	enum report_sort sort;
	bool lost_first; /* see model_opts */
};

struct sum *sum__new(const struct sum_opts *opts); /* NULL: no memory */
void sum__free(struct sum *s);
/*
 * A process begins. parent: 0 if it is none of these. comm is copied. Returns its number for the
 * functions below, SUM_MAX_PROCESSES: it will not be named.
 */
size_t sum__process(struct sum *s, uint64_t pid, uint64_t parent, const char *comm);
/* What is known of it besides; NULL: no such number. Valid until the next sum__process. */
struct report_process *sum__at(struct sum *s, size_t number);
/* Say what of it is not covered, in place of what was said before; NULL: all is. */
void sum__set_gap(struct sum *s, size_t number, const char *gap);
/*
 * Add its report, which has all of its sites. Sites that agree in entry point, note and frames
 * (image, build-id and place in it; the address itself where there is no file) become one. Returns
 * 0 or -ENOMEM, and then what has been added is not to be used.
 */
int sum__add(struct sum *s, size_t number, const struct report *r);
/*
 * The sum of what has been added so far. pid, comm, origin, time and final are the caller's to
 * fill. Can be had again later. Returns 0 or negative errno.
 */
int sum__report(struct sum *s, struct report **out);
#endif
