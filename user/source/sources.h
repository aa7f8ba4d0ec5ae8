/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sources - the lines of source around what allocates, for pages.
 *
 * The target chooses what its debug information calls source, and we are root: files are looked up
 * below the target's own root directory, and opened with the target's rights, not with ours. So
 * nothing can be had by that which the target could not have read itself.
 */
#ifndef SOURCE_SOURCES_H
#define SOURCE_SOURCES_H

#include <sys/types.h>

struct report;
struct sources;

/*
 * A process that lives; its root directory and rights are taken down now, so that source can be
 * read when it has ended. NULL: that cannot be done, or no memory: there is no source then.
 */
struct sources *sources__new(pid_t pid);
void sources__free(struct sources *s);
/*
 * Of each of the first sites of the report: the lines around the innermost frame whose file is
 * there and has that line. Not for a report that has text.
 */
void sources__add(struct sources *s, struct report *r);
#endif
