/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile - does what is outstanding explain how the target's memory has grown?
 *
 * The kernel's account of its mappings (smaps) is read when tracing begins, and again for each
 * report. Where mappings hold more private memory (USS) than at first, blocks in them explain it,
 * as far as they reach: a block that was never written to takes no memory, and one in memory that
 * was there before makes nothing grow. What is left is named by what the mapping is.
 *
 *   reconcile__begin → reconcile__add per block → reconcile__finish
 *
 * The target is not stopped; what it does meanwhile is in one account and not in the other.
 */
#ifndef RECONCILE_H
#define RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct reconcile;
struct report_map;
struct report_memory;

/*
 * from_start: the target's program begins with the trace, so that all of its memory has grown
 * meanwhile; else what it has now is the base. NULL: no memory.
 */
struct reconcile *reconcile__new(pid_t pid, bool from_start);
void reconcile__free(struct reconcile *r); /* NULL is all right */
/* The target runs another program from now on, from its start. */
void reconcile__restart(struct reconcile *r);

/* Look at the target's memory as it is now. */
void reconcile__begin(struct reconcile *r);
/*
 * An outstanding block. weight: how many it stands for, when blocks are sampled. of_malloc: an
 * allocator's, else a mapping that the program made itself.
 */
void reconcile__add(struct reconcile *r, uint64_t addr, uint64_t size, double weight,
		    bool of_malloc);
/* What the mappings hold, by kind, before it is finished. Returns how many kinds there are, at most
 * REPORT_MAX_MAP; 0: it is not known. */
size_t reconcile__map(const struct reconcile *r, struct report_map *map);
/* out->known is false if the target's memory could not be looked at, as it has ended, say. */
void reconcile__finish(struct reconcile *r, struct report_memory *out);
#endif
