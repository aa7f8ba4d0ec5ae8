/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memcopy - parts of another process's memory, as they are while that stands still.
 *
 *   memcopy__new → memcopy__add per mapping, lowest first → memcopy__fill
 *   memcopy__new_window → the same → ... → memcopy__shut
 *
 * Either all of it is copied, or as much as fits into a window: what is asked for is read then, so
 * that the target has to stand still until memcopy__shut. What is told is the same.
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
struct window_slot;

/* Pages one after the other. */
struct memcopy_run {
	uint64_t start, end;
	uint8_t *at;  /* their copy; NULL: it is asked for with memcopy__get */
	uint64_t pos; /* bytes of the runs before it */
};

/*
 * room: bytes that will be needed, as far as that is known: it is made ready now, so that the
 * target does not stand still for it. Returns 0 or -ENOMEM.
 */
int memcopy__new(pid_t pid, uint64_t room, struct memcopy **out);
/* room: bytes that may be taken for what is read. */
int memcopy__new_window(pid_t pid, uint64_t room, struct memcopy **out);
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
 * Copy what was added, or begin to read what is asked for. deadline_ns: CLOCK_MONOTONIC, 0: none;
 * up to it, with a window, is read. Returns 0, -ENOMEM, -ETIME: the deadline has
 * passed, -ESRCH: the target has ended, -EPERM: it may not be read, or other negative errno. Pages
 * that cannot be read are zero in the copy, and counted.
 */
int memcopy__fill(struct memcopy *m, uint64_t deadline_ns);

uint64_t memcopy__bytes(const struct memcopy *m);
uint64_t memcopy__swapped(const struct memcopy *m); /* of them were in swap when they were added */
uint64_t memcopy__unreadable(const struct memcopy *m); /* bytes */
/* The runs, lowest first. Neighbours may touch. */
const struct memcopy_run *memcopy__runs(const struct memcopy *m, size_t *n);
/* Index of the first run that ends above addr. */
size_t memcopy__first(const struct memcopy *m, uint64_t addr);
/* The n bytes at addr. False: not all of them are there. */
bool memcopy__read(const struct memcopy *m, uint64_t addr, void *to, size_t n);
bool memcopy__word(const struct memcopy *m, uint64_t addr, uint64_t *word); /* 8 bytes */

/* Bytes that are at hand. */
struct memcopy_piece {
	const uint8_t *at;
	uint64_t n;
	struct window_slot *slot;
};
/*
 * The first bytes of [from, to), which is within run number run; the next ones are asked for
 * thereafter. False: they cannot be read, memcopy__shut tells why. To be put back before another
 * piece is taken; the functions above are all right meanwhile. From several threads, too.
 */
bool memcopy__get(const struct memcopy *m, size_t run, uint64_t from, uint64_t to,
		  struct memcopy_piece *piece);
void memcopy__put(const struct memcopy *m, const struct memcopy_piece *piece);
/*
 * The target may go on. Returns 0, or what has ended the reading through a window before this: then
 * what was told is not all, and it as memcopy__fill returns it; -EIO: a page cannot be read.
 */
int memcopy__shut(struct memcopy *m);
bool memcopy__is_window(const struct memcopy *m);
#endif
