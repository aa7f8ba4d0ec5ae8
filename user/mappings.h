/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mappings - which of the target's system calls are allocations of its own.
 *
 * Anonymous memory that the program maps itself counts; what an allocator or the dynamic loader
 * maps does not: their blocks are counted, or are no heap at all.
 */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include <linux/types.h>
#include <stdint.h>

#include "../bpf/memleak.h"

struct attacher;
struct event;
struct intervals;
struct stacks;

struct mappings {
	struct intervals *intervals;
	struct stacks *stacks;
	const struct attacher *attacher;
	uint64_t cut[WALK_ENDS]; /* allocations whose stack was cut, by reason */
};

/* Take an EVENT_MAP, _UNMAP, _REMAP or _BRK into account; others are ignored. Returns 0 or -ENOMEM.
 */
int mappings__event(struct mappings *m, const struct event *e);
#endif
