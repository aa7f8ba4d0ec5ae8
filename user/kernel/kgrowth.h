/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kgrowth - by how much slab caches have grown, held against the objects that a trace knows of: the
 * lines of a report that begin with "check:".
 *
 * Neither is known of one moment: while a cache is counted, objects come and go. What is seen to
 * come or go in that time may account for growth or not, and is a number of its own. What is left
 * the trace has not seen.
 */
#ifndef KERNEL_KGROWTH_H
#define KERNEL_KGROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kgrowth {
	const char *name;
	uint64_t size;	  /* bytes of an object */
	uint64_t objects; /* that there are more, at least */
	uint64_t known;	  /* allocated since, and certainly there when that was counted */
	uint64_t moving;  /* allocated or freed meanwhile */
};

/*
 * A line for each cache, those that grew by most bytes first; sorts the list. selective: the trace
 * follows some allocations only, so of the others there is nothing to be said.
 */
void kgrowth__print(struct kgrowth *list, size_t n, bool selective, FILE *out);
#endif
