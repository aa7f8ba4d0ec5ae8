/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alone - a stopped process goes on in the thread that has called _exit, and in no other one.
 *
 *   alone__hold → let the process go on (SIGCONT) → alone__end
 *
 * To be stopped and to go on makes epoll_wait(2) and others fail with EINTR (signal(7)). Threads
 * that wait there would come out and see that, in the moment that the exiting thread needs for its
 * last system call; some end the process with a status of their own then. Held by ptrace(2), they
 * are in the kernel until they are killed.
 */
#ifndef TARGET_ALONE_H
#define TARGET_ALONE_H

#include <stdbool.h>
#include <sys/types.h>

struct alone;

/*
 * Hold all threads of pid but tid; 0: none. is_child: pid is a child of ours, whose end the caller
 * waits for. NULL: there is nobody to hold, or it may not be done.
 */
struct alone *alone__hold(pid_t pid, pid_t tid, bool is_child);
/* Wait for the end of those held; should it not come in some seconds, they go on, too. */
void alone__end(struct alone *a);
#endif
