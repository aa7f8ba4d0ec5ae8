/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc - what /proc says about the target before it is traced. */
#ifndef TARGET_PROC_H
#define TARGET_PROC_H

#include <stdbool.h>
#include <sys/types.h>

struct proc_info {
	char comm[16 * 4 + 1]; /* printable: control characters and invalid UTF-8 replaced */
	bool kernel_thread;
	bool zombie;	    /* whole process is dead */
	bool leader_exited; /* main thread gone, others live */
	bool stopped;	    /* it stands still: by a signal, or a debugger */
	bool is_32bit;
	pid_t live_tid; /* a thread that lives */
	char exe[4096]; /* readlink of /proc/PID/exe, "" if none */
};
/* Fill info for a process. pid may not be a mere thread id: then -EINVAL and info->live_tid is its
 * tgid. Returns 0 or negative errno (-ESRCH: no such process). */
int proc__info(pid_t pid, struct proc_info *info);
/*
 * A thread of pid that lives, the main thread if it does: /proc/TID/{maps,exe,root,map_files} work
 * where those of an ended main thread are empty. Returns 0 if none lives, or negative errno.
 */
pid_t proc__live_tid(pid_t pid);
#endif
