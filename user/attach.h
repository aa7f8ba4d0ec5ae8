/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach - finds the target's allocators and probes each of their functions once. */
#ifndef ATTACH_H
#define ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct addrspace;
struct allocators_opts;
struct attacher;
struct image;
struct session;
struct tables;
struct traps;

/*
 * All borrowed. left_out: where not every allocation is followed, the tables that stacks are walked
 * by, so that calls which are left out may cost less (target/leaf.h); NULL: no such calls, or no
 * tables. traps: follows functions by their points, NULL: none is. explain: what is probed, where
 * and why, goes there; NULL: nowhere. NULL: no memory.
 */
struct attacher *attacher__new(struct session *session, const struct addrspace *as,
			       const struct allocators_opts *opts, const struct tables *left_out,
			       struct traps *traps, FILE *explain);
void attacher__free(struct attacher *a);
/*
 * Probe what has been mapped and is not probed yet. announce: a line for each object on it, NULL:
 * none. Returns the number of functions newly probed, or negative errno.
 */
int attacher__update(struct attacher *a, FILE *announce);
size_t attacher__probes(const struct attacher *a); /* functions probed */
/* "glibc malloc in /usr/lib/x86_64-linux-gnu/libc.so.6" of each object, joined by ", ". */
void attacher__describe(const struct attacher *a, FILE *out);
/* Did the last update see a static program without symbols? */
bool attacher__stripped(const struct attacher *a);
/* Forms of operator new that were left out, as their return instructions could not be found. */
size_t attacher__unreadable(const struct attacher *a);
/* Functions that cannot be followed, or not any more, as a sentence; NULL: there is none. */
const char *attacher__problem(const struct attacher *a);
/* Is it an allocator of its own (not a C library that also allocates)? Its mappings are heap. */
bool attacher__is_allocator(const struct attacher *a, const struct image *image);
/* Are functions of it probed? */
bool attacher__is_probed(const struct attacher *a, const struct image *image);
/* After execve: old places are no longer shown; the probes of files stay and work for the new
 * program too. */
void attacher__reset(struct attacher *a);
#endif
