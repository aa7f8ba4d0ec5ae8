/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * walk - the ways to walk a stack that are measured against each other; see walk.c.
 *
 * All of them count in the same way, so that what remains after subtracting the program that does
 * nothing is the walk.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "track.bpf.h"
#include "walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct walk_bench bench = {};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384); /* as other tools have it */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, MEMLEAK_MAX_DEPTH * sizeof(__u64));
} kernel_stacks SEC(".maps");

static __always_inline int counted(__u64 frames)
{
	bench.calls++;
	bench.frames += frames;
	return 0;
}

static __always_inline int recorded(struct thread_slot *slot)
{
	const struct stack_trace *trace = &slot->work.stack.trace;

	if (bench.keep) {
		unwind_frames(&slot->work);
		bench.depth = trace->head.depth;
		bench.end = trace->head.end;
		bpf_probe_read_kernel(bench.pc, sizeof(bench.pc), trace->pc);
	}
	return counted(trace->head.depth);
}

/* At the entry of a function: its caller is where the stack pointer points. */
static __always_inline int walk(struct pt_regs *ctx, bool store)
{
	struct thread_slot *slot = slot_get();
	__u64 sp = PT_REGS_SP(ctx), pc;

	if (!slot || bpf_probe_read_user(&pc, sizeof(pc), (void *)sp))
		return 0;
	if (store)
		stack_hit(track_stack(slot, track_walk(slot, pc, sp + 8, PT_REGS_FP(ctx))));
	else
		unwind_walk(work_refer(slot), pc, sp + 8, PT_REGS_FP(ctx));
	return recorded(slot);
}

SEC("uprobe")
int walk_nothing(struct pt_regs *ctx)
{
	return counted(1);
}

SEC("uprobe")
int walk_again(struct pt_regs *ctx)
{
	return counted(1);
}

SEC("uprobe")
int walk_warm(struct pt_regs *ctx)
{
	return walk(ctx, false);
}

/*
 * What the cache holds is for one generation. Its tags have 16 bits of that; by the time they come
 * round, later walks have overwritten every slot.
 */
SEC("uprobe")
int walk_cold(struct pt_regs *ctx)
{
	state.gen++;
	return walk(ctx, false);
}

SEC("uprobe")
int walk_stored(struct pt_regs *ctx)
{
	return walk(ctx, true);
}

SEC("uprobe")
int walk_stackid(struct pt_regs *ctx)
{
	long id = bpf_get_stackid(ctx, &kernel_stacks, BPF_F_USER_STACK);

	if (bench.keep)
		bench.stackid = id;
	return counted(id >= 0);
}
