/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heldby - --by-whom: through which variables the program can still reach the blocks of each stack.
 */
#ifndef HELDBY_H
#define HELDBY_H

#include <stdbool.h>
#include <sys/types.h>

struct judgement;
struct report;

/*
 * Add to the sites of a report that has all blocks, and was judged by v, by whom they are held.
 * What memory does not suffice for is missing.
 */
void heldby__complete(const struct judgement *v, pid_t pid, bool debuginfod, struct report *r);
#endif
