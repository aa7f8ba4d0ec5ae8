/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history_priv - the parts of history among themselves. */
#ifndef TRIAGE_HISTORY_PRIV_H
#define TRIAGE_HISTORY_PRIV_H

#include "proc/procfile.h"
#include "triage/history.h"

/*
 * Room for what belongs to a row of a table, in an array of elements of size; *array may move. All
 * zero if the row is new. NULL: no memory.
 */
void *history__extra(void **array, size_t size, long row, bool is_new);
/* -EINVAL: makes no sense. */
int history__take_process(struct history *h, const char *name, struct span text);
int history__take_shm_files(struct history *h, struct span text);
int history__take_attached(struct history *h, struct span text);
int history__take_segments(struct history *h, struct span text);
int history__take_tmpfs(struct history *h, struct span text);
int history__end_processes(struct history *h);
#endif
