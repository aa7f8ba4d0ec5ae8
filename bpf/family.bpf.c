/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * family - holds each process that comes of a traced one until it has a session of its own.
 *
 * A child that has memory of its own is stopped as it returns from fork, before its first
 * instruction; one that borrows its parent's (vfork, posix_spawn) where it calls execve. The
 * programs of a session (target.bpf.c) look after the process from then on.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "family.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SIGCONT 18
#define SIGSTOP 19

const volatile struct family_config cfg = {};
struct family_state state = {};

struct kin {
	__u32 state;  /* enum kin_state */
	__u32 parent; /* key */
};

/* All but the first: by thread group id, as the initial pid namespace has it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FAMILY_MAX);
	__type(key, __u32);
	__type(value, struct kin);
} family SEC(".maps");

/* See FAMILY_WORDS. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FAMILY_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} traced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline __u32 current_key(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* The current process, as our pid namespace has it; 0: it is not in there. */
static __always_inline __u32 current_pid(void)
{
	struct bpf_pidns_info ns;

	if (!cfg.pidns_ino)
		return current_key();
	if (bpf_get_ns_current_pid_tgid(cfg.pidns_dev, cfg.pidns_ino, &ns, sizeof(ns)))
		return 0;
	return ns.tgid;
}

static __always_inline bool is_traced(__u32 key)
{
	__u32 i = key / 64;
	__u64 *word = bpf_map_lookup_elem(&traced, &i);

	return word && *(volatile __u64 *)word >> key % 64 & 1;
}

/* Going on runs a handler of SIGCONT: such a process would notice. */
static __always_inline bool is_stoppable(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return (__u64)BPF_CORE_READ(task, sighand, action[SIGCONT - 1].sa.sa_handler) <= 1;
}

/* Tell of the current process; hold: and stop it, if user space can have it go on. */
static __always_inline void tell(__u32 type, const struct kin *kin, bool hold)
{
	struct kin_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&state.lost, 1);
		return;
	}
	e->type = type;
	e->pid = current_pid();
	e->key = current_key();
	e->parent = kin->parent;
	e->state = kin->state;
	e->held = hold && e->pid;
	e->time_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	/* before the event: who is told of a process that stops waits until it stands */
	if (e->held)
		bpf_send_signal(SIGSTOP);
	bpf_ringbuf_submit(e, 0);
}

/* The parent is at work, its child has not run. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct kin kin = {.state = KIN_NEW, .parent = parent->tgid};
	__u32 key = child->tgid;

	if (child->pid != child->tgid) /* a thread */
		return 0;
	if (!bpf_map_lookup_elem(&family, &kin.parent) && current_pid() != cfg.root)
		return 0;
	if (child->mm == parent->mm)
		kin.state = KIN_SHARED;
	__sync_fetch_and_add(&state.seen, 1);
	if (bpf_map_update_elem(&family, &key, &kin, BPF_ANY))
		__sync_fetch_and_add(&state.lost, 1);
	return 0;
}

/* Contexts of system call tracepoints: struct syscall_tp_t in kernel/trace/trace_syscalls.c. */
struct syscall_exit {
	__u64 common;
	__s64 nr;
	__s64 ret;
};

/* fork returns, in the child: it comes by here like its parent (ret_from_fork). */
static __always_inline int born(const struct syscall_exit *ctx)
{
	__u32 key = current_key();
	struct kin *kin;

	if (ctx->ret)
		return 0;
	kin = bpf_map_lookup_elem(&family, &key);
	if (!kin || kin->state != KIN_NEW)
		return 0;
	tell(KIN_EVENT_BORN, kin, is_stoppable());
	kin->state = KIN_BORN;
	return 0;
}

SEC("tp/syscalls/sys_exit_clone")
int clone_exit(struct syscall_exit *ctx)
{
	return born(ctx);
}

SEC("tp/syscalls/sys_exit_clone3")
int clone3_exit(struct syscall_exit *ctx)
{
	return born(ctx);
}

SEC("tp/syscalls/sys_exit_fork")
int fork_exit(struct syscall_exit *ctx)
{
	return born(ctx);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *p, pid_t old_pid)
{
	__u32 key = current_key();
	struct kin *kin = bpf_map_lookup_elem(&family, &key);

	if (!kin || is_traced(key))
		return 0;
	/* its handlers are gone with the old program */
	tell(KIN_EVENT_EXEC, kin, true);
	kin->state = KIN_BORN;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *p)
{
	__u32 key = p->tgid;
	struct kin *kin;

	if (p->signal->live.counter > 0) /* other threads go on */
		return 0;
	kin = bpf_map_lookup_elem(&family, &key);
	if (!kin)
		return 0;
	if (!is_traced(key))
		tell(KIN_EVENT_END, kin, false);
	bpf_map_delete_elem(&family, &key);
	return 0;
}
