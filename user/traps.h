/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traps - functions that are followed with one trap a call instead of two.
 *
 * Life of such a function: its points are found by analysis of its code (elf/points.h) and attached
 * beside the probes at entry and return. Those record its first calls, and the BPF side compares
 * each with what the points say. If TRAP_PROOF_CALLS agree, and the last of them did not meet
 * points too often to be worth it, the points record from then on, and entry and return are
 * detached as soon as no call that passed the entry is under way. If one call disagrees the points
 * are detached for good.
 */
#ifndef TRAPS_H
#define TRAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "elf/points.h"

struct addrspace;
struct image;
struct session;
struct tables;
struct traps;

/* A function to look at. */
struct traps_query {
	const struct addrspace *as;
	const struct image *image;
	size_t entry;	 /* index into entry_points */
	uint64_t vaddr;	 /* in the image */
	uint64_t cookie; /* PROBE_COOKIE of its entry */
	bool stepped;	 /* the probe at its entry or return is not emulated */
	/* Other allocation functions of the image: it must not end in one of them. */
	const uint64_t *others;
	size_t n_others;
};

/* What to attach: points of function number, at file offsets, with their cookies. */
struct traps_plan {
	int number;
	uint64_t offset[POINTS_MAX];
	uint64_t cookie[POINTS_MAX];
	size_t n;
};

/*
 * unproven: the points record at once, entry and return are not probed. log: where to say what is
 * done, NULL: nowhere. All borrowed. NULL: no memory.
 */
struct traps *traps__new(struct session *session, struct tables *tables, bool unproven, FILE *log);
void traps__free(struct traps *t);
/*
 * Can it be followed by points? Returns 0, or -ENOENT: no; other negative errno when that could not
 * be told.
 */
int traps__plan(struct traps *t, const struct traps_query *q, struct traps_plan *out);
/* How many points function number has. points: their vaddrs; may be NULL. */
size_t traps__points(const struct traps *t, int number, const uint64_t **points);
/* Is it followed by them only? */
bool traps__is_alone(const struct traps *t, int number);
/* The BPF side has news of function number. */
void traps__notice(struct traps *t, int number);
/*
 * Detach what is no longer needed; to be called now and then. True: soon again, as a call was under
 * way that will be over in a moment.
 */
bool traps__settle(struct traps *t);
#endif
