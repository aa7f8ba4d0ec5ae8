/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop - hold all threads of another process, read their registers, and let them go on.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT: no signal is sent, and the parent is told nothing. Should we
 * be killed, the kernel lets the threads go on (exit_ptrace in kernel/ptrace.c). A signal that
 * arrives meanwhile is delivered afterwards, a process stopped by a signal stays stopped.
 * System calls that sleep are restarted, but for those that signal(7) lists as never restarted
 * after a stop (epoll_wait, semtimedop...): these return EINTR, as with any debugger.
 */
#ifndef REACH_STOP_H
#define REACH_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STOP_MAX_REGS 32

struct stop;

struct stop_thread {
	pid_t tid;
	uint64_t sp;
	uint64_t tls;		      /* where the thread pointer points to, 0: nowhere */
	uint64_t regs[STOP_MAX_REGS]; /* general registers */
	size_t n_regs;
	const uint64_t *vector; /* vector registers */
	size_t n_vector;
};

/*
 * Stop all threads of pid; give up at deadline_ns (CLOCK_MONOTONIC), 0: after 5 s. Returns 0;
 * -ESRCH it has ended, -EPERM: not permitted, -EBUSY: a debugger is attached, -ETIME: a thread
 * could not be stopped in time, or other negative errno. Nothing is stopped any more after an
 * error.
 */
int stop__all(pid_t pid, uint64_t deadline_ns, struct stop **out);
/* Let them go on; what is known of them stays. */
void stop__release(struct stop *s);
void stop__free(struct stop *s); /* the same before, if need be; NULL is all right */
const struct stop_thread *stop__threads(const struct stop *s, size_t *n);
#endif
