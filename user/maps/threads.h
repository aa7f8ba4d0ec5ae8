/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threads - whose stack a mapping is.
 *
 * By the stack pointer of each thread that waits (/proc/PID/task/TID/syscall), and by the thread's
 * own structure at the top of its stack, which tells of threads that run, and of those that have
 * ended, too.
 */
#ifndef MAPS_THREADS_H
#define MAPS_THREADS_H

struct facts;
struct procmem;
struct smaps;

/* Adds what is found to facts, which are not finished yet. Returns 0 or -ENOMEM. */
int threads__gather(const struct procmem *mem, const struct smaps *s, struct facts *f);
#endif
