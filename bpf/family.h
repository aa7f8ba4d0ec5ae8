/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * family - the ABI of family.bpf.c: which processes come of a traced one, and where they are held.
 *
 * Includes nothing; see memleak.h.
 */
#ifndef FAMILY_H
#define FAMILY_H

#define FAMILY_MAX 65536 /* processes alive at once */

/*
 * A bit for each process that has a session, by key; set by user space, in memory that is shared: a
 * system call on a map would have the kernel pass over tracepoint programs on that CPU meanwhile.
 */
#define FAMILY_KEYS (1 << 22) /* PID_MAX_LIMIT, include/linux/threads.h */
#define FAMILY_WORDS (FAMILY_KEYS / 64)

/* How far user space has got with a process. */
enum kin_state {
	KIN_NEW,    /* forked, with memory of its own; has not run yet */
	KIN_SHARED, /* uses its parent's memory until it calls execve: vfork, posix_spawn */
	KIN_BORN,   /* has been told of */
};

enum kin_event_type {
	KIN_EVENT_BORN, /* it returns from fork */
	KIN_EVENT_EXEC, /* it has called execve, and has no session */
	KIN_EVENT_END,	/* it ends, and has no session */
};

struct kin_event {
	__u32 type;    /* enum kin_event_type */
	__u32 pid;     /* as our pid namespace has it */
	__u32 key;     /* as the initial one has it: its key in the table */
	__u32 parent;  /* key of the process that forked it */
	__u32 state;   /* enum kin_state before */
	__u32 held;    /* it stops, and waits for SIGCONT */
	__u64 time_ns; /* CLOCK_MONOTONIC */
	char comm[16];
};

/* Settings, constant once loaded. */
struct family_config {
	__u64 pidns_dev, pidns_ino; /* our pid namespace; ino 0: the initial one */
	__u32 root;		    /* the first process, as our pid namespace has it */
};

/* Written by BPF. */
struct family_state {
	__u64 lost; /* processes that could not be told of: a table was full */
	__u64 seen; /* processes forked */
};

#endif
