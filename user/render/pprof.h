/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pprof - profiles of other samples than a report's sites. */
#ifndef RENDER_PPROF_H
#define RENDER_PPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct report;
struct report_site;

struct pprof_sample {
	const struct report_site *where; /* its stack, */
	const struct report_site *what;	 /* its figures */
	bool is_base;			 /* of what is compared with: they are taken off */
};

/* The profile of n samples; its time and the like are r's. Returns 0 or negative errno, as
 * renderers do. */
int pprof__emit(FILE *out, const struct report *r, const struct pprof_sample *samples, size_t n);
#endif
