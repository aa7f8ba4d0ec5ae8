/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nopreempt - keeps other tasks off our CPU during a system call on a map.
 *
 * Within such calls the kernel passes over tracepoint programs on that CPU
 * (bpf_disable_instrumentation). Where the kernel itself can be preempted, the target may get the
 * CPU in the middle of one, and its mmap goes unseen. A real-time priority for the some
 * milliseconds of the call prevents that; without the right to it (CAP_SYS_NICE) the report still
 * counts what was missed.
 */
#ifndef NOPREEMPT_H
#define NOPREEMPT_H

#include <sched.h>
#include <stdbool.h>

struct nopreempt {
	bool raised;
	int policy;
	struct sched_param param;
};

void nopreempt__begin(struct nopreempt *np);
void nopreempt__end(const struct nopreempt *np);
#endif
