/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kinds - blocks that look alike, counted together: of a million blocks with the same contents one
 * is worth showing.
 */
#ifndef CONTENTS_KINDS_H
#define CONTENTS_KINDS_H

#include <stddef.h>
#include <stdint.h>

#include "report/reach.h"

struct kinds;

struct kind {
	const char *key; /* what its blocks have in common */
	uint64_t count, bytes;
	uint64_t smallest, largest;	     /* bytes */
	struct reach_sum reach[REACH_KINDS]; /* they add up to bytes and count */
	uint64_t first, worst; /* the caller's: the first one, and the first of the worst verdict */
	enum reach_kind worst_kind;
};

/* At most max kinds are told apart; what comes later is counted by kinds__others. NULL: no memory.
 */
struct kinds *kinds__new(size_t max);
void kinds__free(struct kinds *k);
/* A block of that many bytes. Returns 0 or -ENOMEM. */
int kinds__add(struct kinds *k, const char *key, uint64_t block, uint64_t bytes,
	       enum reach_kind reach);
/* Definitely lost bytes first, then all bytes, then how many; the same in the order of their keys.
 */
const struct kind *kinds__sort(struct kinds *k, size_t *n);
/* The most frequent one first. */
const struct kind *kinds__sort_by_count(struct kinds *k, size_t *n);
const struct kind *kinds__others(const struct kinds *k); /* all that found no room, as one */
#endif
