/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * target - what happens to the target itself: mappings, exec, the end of threads.
 *
 * System call tracepoints see every caller of the machine: the first thing each program does is to
 * leave unless the target called. Addresses are freed at a call's entry and handed out at its
 * return, so notifications carry the entry's time where something is freed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "track.bpf.h"

char LICENSE[] SEC("license") __weak = "Dual BSD/GPL";

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define SIGCONT 18
#define SIGSTOP 19

/*
 * Read the clock that blocks are dated with, and another one. Not attached: user space has it run.
 */
SEC("raw_tp")
int read_clock(void *ctx)
{
	state.jiffies = bpf_jiffies64();
	state.now_ns = bpf_ktime_get_ns();
	return 0;
}

/* Contexts of system call tracepoints: struct syscall_tp_t in kernel/trace/trace_syscalls.c. */
struct syscall_enter {
	__u64 common;
	__s64 nr;
	__u64 arg[6];
};

struct syscall_exit {
	__u64 common;
	__s64 nr;
	__s64 ret;
};

/* Does the current task belong to the target? *tid: its id, as our pid namespace has it. */
static __always_inline bool is_target_thread(__u32 *tid)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct bpf_pidns_info ns;

	if (!cfg.pidns_ino) {
		*tid = (__u32)id;
		return id >> 32 == state.tgid;
	}
	if (bpf_get_ns_current_pid_tgid(cfg.pidns_dev, cfg.pidns_ino, &ns, sizeof(ns)))
		return false;
	*tid = ns.pid;
	return ns.tgid == state.tgid;
}

static __always_inline bool is_target(void)
{
	__u32 tid;

	return is_target_thread(&tid);
}

/*
 * Remember a system call of the target, which has n arguments: the kernel refuses programs that
 * read beyond them.
 */
static __always_inline struct pending_syscall *syscall_begin(const struct syscall_enter *ctx,
							     __u32 type, int n)
{
	struct thread_slot *slot;

	if (!is_target())
		return NULL;
	slot = slot_get();
	if (!slot) {
		stat_inc(STAT_NO_SLOT);
		return NULL;
	}
	stat_inc(slot->sys.active ? STAT_CALL_MISSED : STAT_CALL_OPEN);
	slot->sys.active = 1;
	slot->sys.type = type;
	slot->sys.time_ns = bpf_ktime_get_ns();
	slot->sys.arg[0] = ctx->arg[0];
	if (n > 1)
		slot->sys.arg[1] = ctx->arg[1];
	if (n > 2)
		slot->sys.arg[2] = ctx->arg[2];
	if (n > 3)
		slot->sys.arg[3] = ctx->arg[3];
	return &slot->sys;
}

static __always_inline void syscall_close(struct thread_slot *slot)
{
	if (slot->sys.active)
		stat_add(STAT_CALL_OPEN, -1);
	slot->sys.active = 0;
}

/*
 * The call of that type which returns now, or NULL if it has failed. The kernel passes over
 * programs now and then, and counts that for the machine (recursion_misses); this counts what the
 * target lost by it. A call that fails may have no entry: seccomp refuses it before that
 * (syscall_trace_enter in kernel/entry/common.c).
 */
static __always_inline struct thread_slot *syscall_end(const struct syscall_exit *ctx, __u32 type)
{
	struct thread_slot *slot;
	bool begun, failed;

	if (!is_target())
		return NULL;
	failed = (unsigned long)ctx->ret >= -4095UL;
	slot = slot_find();
	begun = slot && slot->sys.active && slot->sys.type == type;
	if (slot)
		syscall_close(slot);
	if (!begun && !failed)
		stat_inc(STAT_CALL_MISSED);
	return begun && !failed ? slot : NULL;
}

/* Stop the program that we started, until user space has seen to what it has just mapped. */
static __always_inline void stop_target(void)
{
	struct event *e;

	state.stopped = 1;
	bpf_send_signal(SIGSTOP);
	/* whoever is not its parent is told in no other way */
	e = event_reserve(EVENT_STOP);
	if (e)
		bpf_ringbuf_submit(e, 0);
}

/*
 * May it be stopped without noticing? A stop makes other threads' epoll_wait and the like return
 * EINTR (signal(7)), and going on runs a handler of SIGCONT.
 */
static __always_inline bool is_stoppable(void)
{
	struct task_struct *task = current_task();

	if (state.launching)
		return true;
	return BPF_CORE_READ(task, signal, nr_threads) == 1 &&
	       !BPF_CORE_READ(task, sighand, action[SIGCONT - 1].sa.sa_handler);
}

#define FROM_ALLOCATOR (~0ULL)

/*
 * Walk the caller's stack. Returns its key, or FROM_ALLOCATOR: the call comes from within an
 * allocator function. Not a hit yet: user space decides which mappings count.
 */
SUBPROGRAM __u64 syscall_stack(struct thread_slot *slot, __s64 nr)
{
	struct pt_regs *regs = user_regs(nr);
	struct workspace *work;
	__u64 sp, hash;
	bool pending;

	if (!slot || !regs)
		return 0;
	sp = PT_REGS_SP_CORE(regs);
	pending = slot->call.active && track_nested(&slot->call, sp);
	if (pending && !slot->call.counted)
		return FROM_ALLOCATOR;
	hash = track_walk(slot, PT_REGS_IP_CORE(regs), sp, PT_REGS_FP_CORE(regs));
	work = work_of(work_refer(slot));
	if (!work)
		return 0;
	/* once there is no entry probe, the frames alone have to tell */
	if (pending && !work->walk.inner && !slot->call.begun)
		trap_refute(slot->call.cookie);
	if (pending || work->walk.inner)
		return FROM_ALLOCATOR;
	return track_stack(slot, hash);
}

SEC("tp/syscalls/sys_enter_mmap")
int mmap_enter(struct syscall_enter *ctx)
{
	syscall_begin(ctx, EVENT_MAP, 6);
	return 0;
}

SEC("tp/syscalls/sys_exit_mmap")
int mmap_exit(struct syscall_exit *ctx)
{
	struct thread_slot *slot = syscall_end(ctx, EVENT_MAP);
	__u64 flags, prot, stack = 0;
	struct event *e;

	if (!slot)
		return 0;
	prot = slot->sys.arg[2];
	flags = slot->sys.arg[3];
	if (flags & MAP_ANONYMOUS) {
		stack = syscall_stack(slot, ctx->nr);
		if (stack == FROM_ALLOCATOR)
			return 0; /* the allocator's own: its blocks are counted */
	}
	e = event_reserve(EVENT_MAP);
	if (e) {
		e->addr = ctx->ret;
		e->size = slot->sys.arg[1];
		e->flags = flags;
		e->entry = prot;
		e->stack = stack;
		bpf_ringbuf_submit(e, 0);
	}
	if (flags & MAP_ANONYMOUS || !(prot & PROT_EXEC))
		return 0;
	e = event_reserve(EVENT_EXEC_MAP);
	if (e) {
		e->addr = ctx->ret;
		bpf_ringbuf_submit(e, 0);
	}
	/* a program we started waits until the library's tables and probes are in place */
	if (cfg.started && is_stoppable())
		stop_target();
	return 0;
}

SEC("tp/syscalls/sys_enter_munmap")
int munmap_enter(struct syscall_enter *ctx)
{
	syscall_begin(ctx, EVENT_UNMAP, 2);
	return 0;
}

SEC("tp/syscalls/sys_exit_munmap")
int munmap_exit(struct syscall_exit *ctx)
{
	struct thread_slot *slot = syscall_end(ctx, EVENT_UNMAP);
	struct event *e;

	if (!slot)
		return 0;
	e = event_reserve(EVENT_UNMAP);
	if (e) {
		e->addr = slot->sys.arg[0];
		e->size = slot->sys.arg[1];
		e->time_ns = slot->sys.time_ns;
		bpf_ringbuf_submit(e, 0);
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_mremap")
int mremap_enter(struct syscall_enter *ctx)
{
	syscall_begin(ctx, EVENT_REMAP, 5);
	return 0;
}

SEC("tp/syscalls/sys_exit_mremap")
int mremap_exit(struct syscall_exit *ctx)
{
	struct thread_slot *slot = syscall_end(ctx, EVENT_REMAP);
	struct event *e;

	if (!slot)
		return 0;
	e = event_reserve(EVENT_REMAP);
	if (e) {
		e->old_addr = slot->sys.arg[0];
		e->old_size = slot->sys.arg[1];
		e->size = slot->sys.arg[2];
		e->flags = slot->sys.arg[3];
		e->addr = ctx->ret;
		bpf_ringbuf_submit(e, 0);
	}
	return 0;
}

SEC("tp/syscalls/sys_enter_brk")
int brk_enter(struct syscall_enter *ctx)
{
	struct pending_syscall *sys = syscall_begin(ctx, EVENT_BRK, 1);
	struct task_struct *task = current_task();

	if (sys)
		sys->arg[1] = BPF_CORE_READ(task, mm, brk);
	return 0;
}

SEC("tp/syscalls/sys_exit_brk")
int brk_exit(struct syscall_exit *ctx)
{
	struct thread_slot *slot = syscall_end(ctx, EVENT_BRK);
	__u64 old, now = ctx->ret, stack = 0;
	struct event *e;

	if (!slot)
		return 0;
	old = slot->sys.arg[1];
	if (now == old) /* a query, or refused */
		return 0;
	if (now > old)
		stack = syscall_stack(slot, ctx->nr);
	if (stack == FROM_ALLOCATOR)
		return 0;
	e = event_reserve(EVENT_BRK);
	if (e) {
		e->addr = now;
		e->old_addr = old;
		e->stack = stack;
		bpf_ringbuf_submit(e, 0);
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *p, pid_t old_pid)
{
	struct thread_slot *slot;
	struct event *e;

	/* a signal handler may have called it within an allocator; a block held by that is given up
	 * with all others */
	slot = slot_find_as(old_pid);
	if (slot && slot->call.active && is_target()) {
		slot->call.active = slot->call.has_old = 0;
		stat_inc(STAT_ABANDONED);
	}
	if (old_pid != p->pid)
		slot_remove(old_pid); /* it has taken the main thread's id */
	if (!is_target())
		return 0;
	state.space++; /* same addresses mean other blocks from now on */
	profile_exec();
	e = event_reserve(EVENT_EXEC);
	if (e) {
		e->flags = old_pid != p->pid;
		bpf_ringbuf_submit(e, 0);
	}
	if (cfg.started) {
		state.launching = 1;
		stop_target();
	}
	return 0;
}

/* Who traces a shell may take its report for that of what it runs: say how many there were. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->tgid != parent->tgid && is_target())
		stat_inc(STAT_CHILDREN);
	return 0;
}

/*
 * The program that we started calls _exit: stop it while its memory is there. Not in a vfork child,
 * and not where going on would run a handler of SIGCONT.
 */
SEC("?uprobe")
int program_exit(struct pt_regs *ctx)
{
	struct task_struct *task = current_task();
	__u64 handler = (__u64)BPF_CORE_READ(task, sighand, action[SIGCONT - 1].sa.sa_handler);
	__u32 tid;

	if (!is_target_thread(&tid) || handler > 1)
		return 0;
	state.exiting = tid;
	stop_target();
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *p)
{
	struct thread_slot *slot;
	struct event *e;
	__u32 tid;

	slot = slot_find();
	if (slot && is_target()) {
		syscall_close(slot); /* a thread that is killed does not return */
		if (slot->call.active)
			track_abandon(slot);
	}
	slot_remove(p->pid); /* of others too: a vfork child hits the probes of its parent */
	if (!is_target_thread(&tid))
		return 0;
	/* the kernel finds the target's memory through this thread: the probes fall silent with it
	 */
	if (tid == state.anchor && p->signal->live.counter > 0) {
		e = event_reserve(EVENT_ANCHOR_EXIT);
		if (e)
			bpf_ringbuf_submit(e, 0);
	}
	return 0;
}
