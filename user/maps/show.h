/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show - samples as text. */
#ifndef MAPS_SHOW_H
#define MAPS_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "maps/sample.h"

struct show_opts {
	bool color;
	bool all;   /* every mapping */
	size_t top; /* objects and changes to list, 0: all */
	unsigned int columns;
};

/* What a process's memory is made of. Return 0 or -ENOMEM. */
int show__sample(const struct sample *s, const struct show_opts *opts, FILE *out);
/* What became of it from the first sample to the last, of n moments in all. */
int show__growth(const struct sample *first, const struct sample *last,
		 const struct moment *moments, size_t n, const struct show_opts *opts, FILE *out);
/* "leak_example (pid 4312)", "a process" */
void show__name(const struct sample *s, FILE *out);
/* The likely mechanism of the growth, in a sentence or two without a newline. */
struct growth;
void show__verdict(const struct growth *g, double seconds, FILE *out);
#endif
