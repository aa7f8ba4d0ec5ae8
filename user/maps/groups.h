/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups - mappings summed up by kind, or by kind and object. */
#ifndef MAPS_GROUPS_H
#define MAPS_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "maps/layout.h"

enum groups_by {
	GROUPS_BY_KIND,
	GROUPS_BY_OBJECT, /* and kind: an object's code is one group, its data another */
	GROUPS_BY_FILE,	  /* all that belongs to an object, whatever its kind; MAP_KINDS */
};

struct group {
	enum map_kind kind;
	const char *object; /* borrowed from the layout; "" when by kind */
	size_t mappings;
	uint64_t size, held, uss; /* bytes; held: see smaps__held */
	uint64_t sum[SMAPS_FIELDS];
};

struct groups {
	struct group *group; /* most held first */
	size_t n;
	struct group total;
};

/* Returns 0 or -ENOMEM; groups__clear frees it. */
int groups__make(const struct layout *l, enum groups_by by, struct groups *g);
void groups__clear(struct groups *g);
/* NULL: there is none. */
const struct group *groups__find(const struct groups *g, enum map_kind kind, const char *object);
#endif
