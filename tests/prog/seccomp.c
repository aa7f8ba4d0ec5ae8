/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seccomp - allows itself a few system calls and is killed for any other one: a probe that works by
 * a system call in the target must not bring that upon it.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "target.h"

#define ALLOW(call)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                     \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	ALLOW(brk),
	ALLOW(getrandom),
	ALLOW(mmap),
	ALLOW(munmap),
	ALLOW(mprotect),
	ALLOW(openat),
	ALLOW(write),
	ALLOW(close),
	ALLOW(faccessat),
	ALLOW(clock_nanosleep),
	ALLOW(exit_group),
#ifdef SYS_access
	ALLOW(access),
	ALLOW(open),
#endif
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

NOINLINE static void confined_leaks(void)
{
	for (int i = 0; i < 10; i++) {
		KEEP(malloc(300));
		free(malloc(400));
	}
	expect(__func__, 3000, 10);
}

int main(void)
{
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		target_say_words("SKIP", "no seccomp filters here", NULL);
		return 0;
	}
	target_ready();
	confined_leaks();
	target_done();
	return 0;
}
