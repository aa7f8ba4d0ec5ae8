/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gather - facts of a living process. What may not be looked at is left out. */
#ifndef MAPS_GATHER_H
#define MAPS_GATHER_H

#include <stdbool.h>
#include <sys/types.h>

struct facts;
struct smaps;

/*
 * tid: a living thread of it. *memory_denied: the process's memory may not be read, so that little
 * is known. Returns 0 or -ENOMEM; facts are finished.
 */
int facts__gather(pid_t tid, const struct smaps *s, struct facts *f, bool *memory_denied);
#endif
