/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * growth - what became of each mapping between two samples of a process.
 *
 * Mappings have no identity: they grow at one end, are split, and merged with their neighbours.
 * Those of both samples that overlap, directly or through others, are one change; so the changes
 * add up to the whole difference, whatever happened in between.
 */
#ifndef MAPS_GROWTH_H
#define MAPS_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maps/layout.h"

struct change {
	uint64_t start, end; /* all that its mappings span, before and after */
	enum map_kind kind;  /* of what holds most of it, after or before */
	const char *object;  /* borrowed from that layout */
	const char *detail;
	size_t before, after; /* mappings: 0 before is new, 0 after has vanished */
	int64_t size, held, uss;
};

/* Changes of the same kind and object. */
struct trend_group {
	enum map_kind kind;
	const char *object;
	size_t appeared, vanished, grew, shrank; /* changes */
	int64_t mappings;
	int64_t size, held, uss;
	const struct change *largest; /* by held */
};

struct growth {
	struct change *change;	   /* largest growth of held first, then of size */
	size_t n;		   /* those without any difference are left out */
	struct trend_group *group; /* the same order */
	size_t n_groups;
	struct trend_group total;
};

/* Returns 0 or -ENOMEM; growth__clear frees it, before the layouts. */
int growth__make(const struct layout *before, const struct layout *after, struct growth *g);
void growth__clear(struct growth *g);

/*
 * The group that explains most of the growth of what is held; if that did not grow, of address
 * space. NULL: nothing grew.
 */
const struct trend_group *growth__main(const struct growth *g);
#endif
