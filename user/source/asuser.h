/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asuser - open files as a process would: below its root directory, with its rights. */
#ifndef SOURCE_ASUSER_H
#define SOURCE_ASUSER_H

#include <sys/types.h>

struct asuser;

/* What pid may and sees now. NULL: it cannot be told, or no memory. */
struct asuser *asuser__new(pid_t pid);
void asuser__free(struct asuser *a);
/*
 * Open a regular file for reading; the path is absolute. Meanwhile the calling thread has the
 * rights of the process, then its own again. Returns a descriptor or negative errno.
 */
int asuser__open(const struct asuser *a, const char *path);
#endif
