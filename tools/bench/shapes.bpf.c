/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * shapes - tracers to measure against, see shapes.c: programs that do nothing, which is what any
 * tracer by uprobes has to pay, and programs that do what bcc's memleak does for a call, with the
 * same kinds of maps and the same helpers.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "shapes.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool counting = false;
struct shapes_counts counts = {};

/* Without -c the verifier removes it, and an empty program is empty. */
#define COUNT(what)                                                                                \
	do {                                                                                       \
		if (counting)                                                                      \
			__sync_fetch_and_add(&counts.what, 1);                                     \
	} while (0)

/* --- nothing --- */

SEC("uprobe")
int empty_enter(struct pt_regs *ctx)
{
	COUNT(enters);
	return 0;
}

SEC("uprobe")
int empty_exit(struct pt_regs *ctx)
{
	COUNT(exits);
	return 0;
}

SEC("uprobe")
int empty_free(struct pt_regs *ctx)
{
	COUNT(frees);
	return 0;
}

/* The same for links of other kinds, which a program has to be loaded for. */
extern bool bpf_session_is_return(void) __ksym __weak;

SEC("?uprobe")
int session_alloc(struct pt_regs *ctx)
{
	if (!counting)
		return 0;
	if (bpf_session_is_return())
		COUNT(exits);
	else
		COUNT(enters);
	return 0;
}

SEC("?uprobe")
int multi_free(struct pt_regs *ctx)
{
	COUNT(frees);
	return 0;
}

/* --- in the shape of bcc's memleak --- */

struct block {
	__u64 size;
	__u64 born;
	__s32 stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SHAPES_MAX_THREADS);
	__type(key, __u32); /* thread */
	__type(value, __u64);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SHAPES_MAX_BLOCKS);
	__type(key, __u64); /* address */
	__type(value, struct block);
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, SHAPES_MAX_STACKS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, SHAPES_MAX_DEPTH * sizeof(__u64));
} stacks SEC(".maps");

/* Outstanding of each stack: number of blocks from bit 40 on, below it their bytes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SHAPES_MAX_STACKS);
	__type(key, __u64); /* stack id */
	__type(value, __u64);
} sums SEC(".maps");

static __always_inline __u64 sum_of(__u64 size)
{
	return 1ULL << 40 | (size & ((1ULL << 40) - 1));
}

static __always_inline void add_to_sum(__s32 stack, __u64 size)
{
	__u64 key = (__s64)stack, nothing = 0;
	__u64 *sum = bpf_map_lookup_elem(&sums, &key);

	if (!sum) {
		bpf_map_update_elem(&sums, &key, &nothing, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sums, &key);
	}
	if (sum)
		__sync_fetch_and_add(sum, sum_of(size));
}

static __always_inline int enter(__u64 size)
{
	__u32 tid = bpf_get_current_pid_tgid();

	COUNT(enters);
	bpf_map_update_elem(&sizes, &tid, &size, BPF_ANY);
	return 0;
}

static __always_inline int release(__u64 address)
{
	struct block *block = bpf_map_lookup_elem(&blocks, &address);
	__u64 key, size, *sum;

	if (!block)
		return 0;
	key = (__s64)block->stack;
	size = block->size;
	bpf_map_delete_elem(&blocks, &address);
	sum = bpf_map_lookup_elem(&sums, &key);
	if (sum)
		__sync_fetch_and_add(sum, -sum_of(size));
	return 0;
}

SEC("uprobe")
int bcc_enter_1(struct pt_regs *ctx)
{
	return enter(PT_REGS_PARM1(ctx));
}

SEC("uprobe")
int bcc_enter_2(struct pt_regs *ctx)
{
	return enter(PT_REGS_PARM2(ctx));
}

SEC("uprobe")
int bcc_enter_1x2(struct pt_regs *ctx)
{
	return enter(PT_REGS_PARM1(ctx) * PT_REGS_PARM2(ctx));
}

SEC("uprobe")
int bcc_enter_realloc(struct pt_regs *ctx)
{
	release(PT_REGS_PARM1(ctx));
	return enter(PT_REGS_PARM2(ctx));
}

SEC("uprobe")
int bcc_exit(struct pt_regs *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *size = bpf_map_lookup_elem(&sizes, &tid);
	__u64 address = PT_REGS_RC(ctx);
	struct block block = {};

	COUNT(exits);
	if (!size)
		return 0;
	block.size = *size;
	bpf_map_delete_elem(&sizes, &tid);
	if (!address)
		return 0;
	block.born = bpf_ktime_get_ns();
	block.stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	if (bpf_map_update_elem(&blocks, &address, &block, BPF_ANY))
		__sync_fetch_and_add(&counts.lost_blocks, 1);
	else if (block.stack < 0)
		__sync_fetch_and_add(&counts.lost_stacks, 1);
	add_to_sum(block.stack, block.size);
	return 0;
}

SEC("uprobe")
int bcc_free(struct pt_regs *ctx)
{
	COUNT(frees);
	return release(PT_REGS_PARM1(ctx));
}
