/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kfilter - the -f option: an expression, compiled for this system. */
#ifndef KERNEL_KFILTER_H
#define KERNEL_KFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "kernel/filter.h"

struct btf;
struct kallsyms;

struct kfilter {
	struct filter_prog prog;
	int cgroups[FILTER_MAX_CGROUPS]; /* descriptors */
	size_t n_cgroups;
};

/* Returns 0; or negative errno after lines on err that say what is wrong and where. */
int kfilter__compile(const char *expression, const struct btf *btf, const struct kallsyms *symbols,
		     struct kfilter *out, FILE *err);
/* Does it ask for that field? */
bool kfilter__uses(const struct kfilter *f, enum filter_field field);
void kfilter__clear(struct kfilter *f);
#endif
