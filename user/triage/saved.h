/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * saved - samples from files that somebody has sent: recordings, copies of /proc/meminfo and
 *others, a directory with such copies, or a log in which copies follow each other.
 *
 *	meminfo, slabinfo, buddyinfo, zoneinfo, vmstat, allocinfo, sysvipc/shm and smaps are told by
 *how they begin, whatever the files are called. Of an smaps (or smaps_rollup) the last number in
 *	the path is the process id.
 *	Whenever the same kind of text (of the same process) comes again a new sample begins.
 *	A directory is a sample of its own, with PID/stat as well.
 */
#ifndef TRIAGE_SAVED_H
#define TRIAGE_SAVED_H

#include <stddef.h>
#include <stdio.h>

struct history;
struct saved;

struct saved *saved__new(void);
void saved__free(struct saved *s);
/*
 * Add a file or directory; a message about what is wrong goes to err. Returns 0 or negative errno.
 */
int saved__add(struct saved *s, const char *path, FILE *err);
/*
 * Feed what was added into h. interval: seconds from one sample to the next, or 0: by when the
 * files were last modified, and if that does not tell, h->timed stays false and a sample counts as
 * a second.
 */
int saved__replay(struct saved *s, double interval, struct history *h);
#endif
