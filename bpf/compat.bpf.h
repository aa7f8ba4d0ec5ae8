/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * compat - what kernels before 5.15 lack, and what stands in for it.
 *
 * Two objects are built from the same sources. The one with MEMLEAK_OLD is for kernels that have
 * the ring buffer (5.8), but not all of task storage in uprobe programs (5.12), atomic operations
 * that return the old value (5.12), pointers as arguments of functions that the verifier checks
 * once (5.12) and attach cookies (5.15). user/session.c chooses. What differs is here, in
 * live_hash.bpf.h and in stack_hash.bpf.h, so that the rest reads the same.
 *
 * On those kernels a program cannot be preempted: uprobes and tracepoints are run by trace_call_bpf
 * (kernel/trace/bpf_trace.c) with preemption off, and no program of ours runs in an interrupt.
 * Per-CPU memory is safe there.
 */
#ifndef COMPAT_BPF_H
#define COMPAT_BPF_H

#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#ifdef MEMLEAK_OLD

/* VERIFIED_ONCE for a function that takes pointers. */
#define VERIFIED_ONCE_PTR SUBPROGRAM

/* By thread id of the initial pid namespace; process_exec and process_exit remove them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OLD_MAX_THREADS);
	__type(key, __u32);
	__type(value, struct thread_slot);
} threads __weak SEC(".maps");

/* An empty slot, to copy from: it is larger than a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct thread_slot);
} empty_slot __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct workspace);
} workspaces __weak SEC(".maps");

/* Left there by the program that is attached to the probe: see user/cookies.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cookies __weak SEC(".maps");

static __always_inline struct task_struct *current_task(void)
{
	return (void *)bpf_get_current_task();
}

/* The calling thread's slot, NULL: it has none. tid: its id when it got that. */
static __always_inline struct thread_slot *slot_find_as(__u32 tid)
{
	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline struct thread_slot *slot_find(void)
{
	return slot_find_as((__u32)bpf_get_current_pid_tgid());
}

/* The same, made if there is none. NULL: there are too many. */
static __always_inline struct thread_slot *slot_get(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), zero = 0;
	struct thread_slot *slot = bpf_map_lookup_elem(&threads, &tid), *empty;

	if (slot)
		return slot;
	empty = bpf_map_lookup_elem(&empty_slot, &zero);
	if (!empty)
		return NULL;
	bpf_map_update_elem(&threads, &tid, empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&threads, &tid);
}

/* The thread that had this id has ended, or has another id now. */
static __always_inline void slot_remove(__u32 tid)
{
	bpf_map_delete_elem(&threads, &tid);
}

/* What to walk with: a reference, as it can be handed to a function that is checked once. */
typedef __u32 work_ref;

static __always_inline work_ref work_refer(struct thread_slot *slot)
{
	return 0;
}

static __always_inline struct workspace *work_of(work_ref ref)
{
	return bpf_map_lookup_elem(&workspaces, &ref);
}

static __always_inline __u64 attach_cookie(void *ctx)
{
	__u32 zero = 0;
	__u64 *cookie = bpf_map_lookup_elem(&cookies, &zero);

	return cookie ? *cookie : 0;
}

#ifdef __TARGET_ARCH_x86
#define SYSCALL_NR(regs) BPF_CORE_READ(regs, orig_ax)
#else
#define SYSCALL_NR(regs) BPF_CORE_READ(regs, syscallno)
#endif

/*
 * The registers with which the current task has made system call nr. They lie at the top of its
 * kernel stack (task_pt_regs, arch/.../include/asm/processor.h), which is of 16 KiB, of 32 with
 * KASAN and of 64 with pages of that size: the number in them tells. NULL: not found.
 */
static __always_inline struct pt_regs *user_regs(__s64 nr)
{
	void *stack = BPF_CORE_READ(current_task(), stack);
	struct pt_regs *regs;

	for (__u64 size = 16 << 10; size <= 64 << 10; size *= 2) {
		regs = stack + size - bpf_core_type_size(struct pt_regs);
		if (SYSCALL_NR(regs) == nr)
			return regs;
	}
	return NULL;
}

#else

#define VERIFIED_ONCE_PTR VERIFIED_ONCE

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_slot);
} threads __weak SEC(".maps");

static __always_inline struct task_struct *current_task(void)
{
	return bpf_get_current_task_btf();
}

static __always_inline struct thread_slot *slot_find(void)
{
	return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, 0);
}

static __always_inline struct thread_slot *slot_find_as(__u32 tid)
{
	return slot_find();
}

static __always_inline struct thread_slot *slot_get(void)
{
	return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void slot_remove(__u32 tid)
{
}

typedef struct workspace *work_ref;

static __always_inline work_ref work_refer(struct thread_slot *slot)
{
	return &slot->work;
}

static __always_inline struct workspace *work_of(work_ref ref)
{
	return ref;
}

static __always_inline __u64 attach_cookie(void *ctx)
{
	return bpf_get_attach_cookie(ctx);
}

static __always_inline struct pt_regs *user_regs(__s64 nr)
{
	return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

#endif

#endif
