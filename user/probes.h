/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probes - the allocator entry points that we know, as one table.
 *
 * To teach memleak-bpf another allocator, add its functions to the table in probes.c.
 */
#ifndef PROBES_H
#define PROBES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/memleak.h"

struct entry_point {
	const char *symbol;
	enum probe_op op;
	uint8_t size_arg;  /* argument (from 1) with the size in bytes, or 0 */
	uint8_t count_arg; /* argument to multiply the size by, or 0 */
	uint8_t ptr_arg; /* argument with the block (realloc, free) or with the out pointer, or 0 */
	bool is_cxx;	 /* operator new or delete: left out where it passes through malloc */
};

/* The table; its index is what live_block.entry and event.entry hold. */
extern const struct entry_point entry_points[];
extern const size_t n_entry_points;

/* Is it the name of one? */
bool entry_point__is_name(const char *symbol);
/* May it throw std::bad_alloc? Then it must not get a return probe: see elf/code.h. */
bool entry_point__may_throw(const struct entry_point *e);
/* How many of its arguments have to be in place where it is probed. */
unsigned int entry_point__args(const struct entry_point *e);
#endif
