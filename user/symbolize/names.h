/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names - put names into a report that was recorded without. */
#ifndef SYMBOLIZE_NAMES_H
#define SYMBOLIZE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct debug_files;
struct report;
struct report_frame;
struct symbolizer;

struct names_count {
	size_t places;	     /* frames of all stacks, inlined ones with theirs */
	size_t lacking;	     /* had no name or no line, though their object has a build-id */
	size_t named, lined; /* of these: have a name, a line now that they had not */
};

/* Is there more to find out about the n frames of one address? */
bool names__is_lacking(const struct report_frame *frames, size_t n);
/* Tell files which build-ids there are frames to name of. Returns 0 or -ENOMEM. */
int names__want(const struct report *r, struct debug_files *files);
/*
 * Name what files can name. r is one that was read from a file; names in it belong to sym and files
 * then, which have to outlive it. Returns 0 or -ENOMEM.
 */
int names__add(struct report *r, const struct debug_files *files, struct symbolizer *sym,
	       struct names_count *count);
#endif
