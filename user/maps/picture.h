/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * picture - an address space to scale, as rows of cells that all stand for the same number of
 * bytes.
 *
 * Address space without memory, of which there is a hundred thousand times more, is one cell,
 * however long it is. So is what nobody may access.
 */
#ifndef MAPS_PICTURE_H
#define MAPS_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "maps/layout.h"

struct cell {
	const struct region *region; /* which has most of it; NULL: a gap */
	uint64_t addr;
	double fill; /* how much of what is mapped here is in memory, 0 to 1 */
};

struct picture {
	struct cell *cell; /* row by row */
	size_t n;
	size_t columns;
	uint64_t cell_bytes; /* a power of two */
};

/* As many bytes a cell as make it fit into rows. Returns 0 or -ENOMEM; picture__clear frees it. */
int picture__make(const struct layout *l, size_t columns, size_t rows, struct picture *p);
void picture__clear(struct picture *p);

/* For a terminal of so many columns in all; with a legend. Returns 0 or -ENOMEM. */
int picture__print(const struct layout *l, FILE *out, bool color, unsigned int columns);
#endif
