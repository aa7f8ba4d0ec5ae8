/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * kernel_maps - all maps and shared variables of kernel.bpf.c. The stack table has the names
 * that stack_table.bpf.h expects. Sizes marked "set at load" are chosen by
 * user/kernel/ksession.c.
 */
#ifndef KERNEL_MAPS_BPF_H
#define KERNEL_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "func.bpf.h"
#include "memleak.h"
#include "kernel.h"

const volatile struct kernel_config cfg = {};
struct kernel_state state = {};

#ifndef MEMLEAK_OLD
/*
 * As one value, for a look-up takes longer than what is done there: the objects that are
 * outstanding, their reaches (object_table.h), a byte each, and the hits, KERNEL_SITES for each CPU
 * at the places that sites have.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct object_slot)); /* set at load */
} objects SEC(".maps");
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, KERNEL_SITES);
	__type(key, __u32);
	__type(value, struct kernel_site);
} sites SEC(".maps");

#ifdef MEMLEAK_OLD
/* KERNEL_SITES for each CPU, at the places that sites have. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct site_hits);
} hits SEC(".maps");
#endif

/* Distinct stacks (stack_table.bpf.h), and their frames. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct stack_slot);
} stack_slots SEC(".maps");

/* value_size is cut to max_depth at load */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct stack_trace);
} stack_frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load: as many as stack_slots */
	__type(key, __u32);
	__type(value, struct kernel_latest);
} latest SEC(".maps");

/* KSTAT_ROOM counters for each CPU */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, KSTAT_ROOM); /* set at load */
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

/* Where a stack is taken: as the kernel has it, and what is kept of it. */
struct stack_room {
	__u64 busy;
	__u64 first; /* frame that is kept */
	__u64 raw[MEMLEAK_MAX_DEPTH + 1];
	struct stack_trace trace;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_room);
} stack_rooms SEC(".maps");

/* By which a CPU's percpu memory is found. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} percpu_anchor SEC(".maps");

/* Kernel memory that was read for user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, PEEK_ROOM);
} peeked SEC(".maps");

/*
 * Counters of a CPU are also of one program, and where cfg.guarded no program interrupts itself:
 * they need no atomic instruction.
 */
static __always_inline void count_up(__u64 *v)
{
	if (cfg.guarded)
		++*(volatile __u64 *)v;
	else
		__sync_fetch_and_add(v, 1);
}

static __always_inline void stat_inc(__u32 id)
{
	__u32 i = bpf_get_smp_processor_id() * KSTAT_ROOM + id;
	__u64 *v = bpf_map_lookup_elem(&stats, &i);

	if (v)
		__sync_fetch_and_add(v, 1);
}

/* A counter that only one program counts. */
static __always_inline void stat_own(__u32 id)
{
	__u32 i = bpf_get_smp_processor_id() * KSTAT_ROOM + id;
	__u64 *v = bpf_map_lookup_elem(&stats, &i);

	if (v)
		count_up(v);
}

#endif
