/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * present - which pages of a process's memory are there: in memory or in swap, by
 * /proc/PID/pagemap. Linux 6.7 and newer tell stretches of them at once, and so pass over what has
 * no page tables; older ones tell each page, of what may be terabytes.
 */
#ifndef REACH_PRESENT_H
#define REACH_PRESENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct present;

/* Where a search has got to: begins with {.at = the first address}. */
struct present_cursor {
	uint64_t at;
	uint64_t first, n; /* what is at hand: from one page's number, or index, on */
};

struct present *present__new(pid_t pid); /* NULL: no memory */
void present__free(struct present *p);
/* Are stretches without any page passed over? Else the time is that of looking at each page. */
bool present__skips(const struct present *p);
void present__do_not_skip(struct present *p); /* as if the kernel were older: for tests */
/*
 * The next pages that are there, one behind the other, from the cursor on and below end. All are
 * whole pages. False: there are none. Where it cannot be told, they are taken for there. One search
 * at a time.
 */
bool present__next(struct present *p, struct present_cursor *c, uint64_t end, uint64_t *from,
		   uint64_t *to);
/* Bytes of what present__next has told of that are in swap. */
uint64_t present__swapped(const struct present *p);
/* Is the page that holds addr? True if that cannot be told. */
bool present__has(const struct present *p, uint64_t addr);
#endif
