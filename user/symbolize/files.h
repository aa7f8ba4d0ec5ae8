/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files - programs, libraries and debug files below some directories, by build-id.
 *
 * A file is what the build-id in it says, whatever its name or place.
 */
#ifndef SYMBOLIZE_FILES_H
#define SYMBOLIZE_FILES_H

#include <stddef.h>

struct elfimg;
struct debug_files;

/* dirs have to outlive the result. NULL: no memory. */
struct debug_files *debug_files__new(const char *const *dirs, size_t n_dirs);
void debug_files__free(struct debug_files *d);
/* A file with this build-id, in hexadecimal, will be asked for. Returns 0 or -ENOMEM. */
int debug_files__want(struct debug_files *d, const char *build_id);
/*
 * Look for all that are wanted: at .build-id/ab/cdef.debug and .build-id/ab/cdef, then in what is
 * below the directories, symbolic links not followed. Of several files with one build-id that one
 * is taken which knows most. Returns 0, -EFBIG when there were too many files to look at all of
 * them, or -ENOMEM.
 */
int debug_files__search(struct debug_files *d);
/* The file with that build-id; NULL: there is none. Belongs to d. */
struct elfimg *debug_files__get(const struct debug_files *d, const char *build_id);
#endif
