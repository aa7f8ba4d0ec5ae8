/* SPDX-License-Identifier: GPL-2.0-or-later */
/* together - work that several threads do at once, each as much of it as it gets to. */
#ifndef REACH_TOGETHER_H
#define REACH_TOGETHER_H

#include <stddef.h>

#define TOGETHER_MAX 4 /* threads: they wait for the same memory */

/* As many as we may have CPUs (sched_setaffinity(2)), at most TOGETHER_MAX. */
unsigned int together__threads(void);
/*
 * Call fn for each of n pieces of work, in so many threads (0: together__threads), of which the
 * caller's is one; one that cannot be had is done without. Pieces are begun in the order of their
 * numbers.
 */
void together__do(unsigned int threads, size_t n, void (*fn)(size_t piece, void *arg), void *arg);
#endif
