/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * allocinfo - /proc/allocinfo of a kernel with CONFIG_MEM_ALLOC_PROFILING (Linux 6.10): bytes and
 * calls by the line of the kernel's source that allocates
 * (Documentation/mm/allocation-profiling.rst).
 */
#ifndef PROC_ALLOCINFO_H
#define PROC_ALLOCINFO_H

#include <stddef.h>
#include <stdint.h>

#include "proc/procfile.h"

struct allocinfo_line {
	uint64_t bytes, calls;
	struct span tag; /* "mm/slub.c:2319 func:alloc_slab_page", a module's name in brackets */
};

/*
 * Calls each for lines that hold bytes; what it
 * returns other than 0 ends it. Returns that, 0, or -EINVAL: not that format.
 */
int allocinfo__each(const char *text, size_t len,
		    int (*each)(void *ctx, const struct allocinfo_line *line), void *ctx);
#endif
