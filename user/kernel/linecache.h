/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linecache - what was found at addresses of the kernel. Its debug information has hundreds of
 * megabytes, and the reports of a trace show the same stacks again and again.
 */
#ifndef KERNEL_LINECACHE_H
#define KERNEL_LINECACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_frame;
struct linecache;

enum {
	LINECACHE_MAX = 1 << 16, /* addresses; later ones are not kept */
};

struct linecache *linecache__new(void); /* NULL: no memory */
void linecache__free(struct linecache *c);
/* Keep frames, also that there are none, with copies of their names and paths. 0 or -ENOMEM. */
int linecache__add(struct linecache *c, uint64_t addr, const struct dwarf_frame *frames, size_t n);
/* What is known of an address; strings are the cache's. False: nothing. */
bool linecache__find(const struct linecache *c, uint64_t addr, struct dwarf_frame *frames,
		     size_t *n);
#endif
