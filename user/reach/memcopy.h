/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memcopy - a copy of parts of another process's memory, taken while that stands still.
 *
 *   memcopy__new → memcopy__add per mapping, lowest first → memcopy__fill
 *
 * Only pages that hold something are copied: of private memory those in memory or in swap (reading
 * brings them back from there), by /proc/PID/pagemap. Where the target has never written there are
 * no pointers to find, and reading would give it page tables that it did not have.
 */
#ifndef REACH_MEMCOPY_H
#define REACH_MEMCOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct memcopy;

/* Pages one after the other, copied to at. */
struct memcopy_run {
	uint64_t start, end;
	uint8_t *at;
};

/*
 * room: bytes that will be needed, as far as that is known: it is made ready now, so that the
 * target does not stand still for it. Returns 0 or -ENOMEM.
 */
int memcopy__new(pid_t pid, uint64_t room, struct memcopy **out);
void memcopy__free(struct memcopy *m);
/* Is the page that holds addr in memory or in swap? True if that cannot be told. */
bool memcopy__is_there(const struct memcopy *m, uint64_t addr);
/* Are stretches without any page passed over? Else it takes time to plan huge ones. */
bool memcopy__skips(const struct memcopy *m);
/*
 * Bytes of [start, end) that memcopy__add would add; the range has whole pages.
 */
uint64_t memcopy__measure(struct memcopy *m, uint64_t start, uint64_t end);
/* Plan to copy them. In order of address. Returns 0 or -ENOMEM. */
int memcopy__add(struct memcopy *m, uint64_t start, uint64_t end);
/*
 * Copy what was added. deadline_ns: CLOCK_MONOTONIC, 0: none. Returns 0, -ETIME: the deadline has
 * passed, -ESRCH: the target has ended, -EPERM: it may not be read, or other negative errno. Pages
 * that cannot be read are zero in the copy, and counted.
 */
int memcopy__fill(struct memcopy *m, uint64_t deadline_ns);

uint64_t memcopy__bytes(const struct memcopy *m);
uint64_t memcopy__unreadable(const struct memcopy *m); /* bytes */
/* The runs, lowest first. Neighbours may touch. */
const struct memcopy_run *memcopy__runs(const struct memcopy *m, size_t *n);
/* Index of the first run that ends above addr. */
size_t memcopy__first(const struct memcopy *m, uint64_t addr);
/* The copy of n bytes at addr, or NULL: not all of them are there in one run. */
const void *memcopy__at(const struct memcopy *m, uint64_t addr, size_t n);
/* The 8 bytes at addr. False: they are not in the copy. */
bool memcopy__word(const struct memcopy *m, uint64_t addr, uint64_t *word);
#endif
