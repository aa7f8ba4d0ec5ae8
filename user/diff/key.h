/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key - when are stacks of two recordings the same one?
 *
 * Addresses move with every start, lines and offsets with every change of the source, and whether a
 * call is inlined is the compiler's whim. What stays are names: sites have the same key when their
 * entry points are the same, and so are function and object of each frame, in which
 *
 *	- versions behind ".so" do not count, nor the name of the program itself,
 *	- nor suffixes of clones that the compiler makes (.isra.0, .constprop.0, .part.1, .cold
 *...),
 *	- an inlined call is a frame like others, unless one of the recordings has no lines of the
 *	  object: then the calls inlined into a function do not count in either,
 *	- an object that is the same file (by its build-id), but that one of the recordings has no
 *	  names of, is told by addresses in the file in both,
 *	- a frame without a name is object or build-id and the address in the file,
 *	- what the C library calls main or a thread's function from does not count.
 *
 * Sites of one recording may share a key: calls on several lines of one function. align.h takes
 * these apart.
 */
#ifndef DIFF_KEY_H
#define DIFF_KEY_H

#include <stdint.h>

struct report;
struct report_site;
struct diff_keys;

enum diff_side {
	DIFF_OLD,
	DIFF_NEW,
	DIFF_SIDES
};

/* The reports have to outlive *out. Returns 0 or -ENOMEM. */
int diff_keys__new(const struct report *old, const struct report *new, struct diff_keys **out);
void diff_keys__free(struct diff_keys *k);
/* The key of a site of that side: a number, from 0 on. Returns 0 or -ENOMEM. */
int diff_keys__of(struct diff_keys *k, enum diff_side side, const struct report_site *site,
		  uint32_t *key);
/* So many there are so far. */
uint32_t diff_keys__count(const struct diff_keys *k);
#endif
