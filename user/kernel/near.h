/* SPDX-License-Identifier: GPL-2.0-or-later */
/* near - which names may have been meant. */
#ifndef KERNEL_NEAR_H
#define KERNEL_NEAR_H

#include <stddef.h>

#define NEAR_MAX 3

/* The names nearest to one that is none of them, the best first. */
struct near {
	const char *wanted;
	size_t n;
	const char *name[NEAR_MAX]; /* as given */
	size_t distance[NEAR_MAX];
};

void near__init(struct near *near, const char *wanted);
/* Another name there is. It has to stay while near is used. */
void near__add(struct near *near, const char *name);
/* "one", "one or two", "one, two or three", or "": those about as near as the nearest one. */
void near__text(const struct near *near, char *buf, size_t size);

#endif
