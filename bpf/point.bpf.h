/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * point - a place inside an allocator function where its result is known: one probe for a call.
 *
 * What is where was found by user space (struct trap_point). The stack is walked from the
 * function's caller, as it would be at the return: what is recorded is the same to the bit.
 */
#ifndef POINT_BPF_H
#define POINT_BPF_H

#include "track.bpf.h"

#ifdef __TARGET_ARCH_x86

#define EFLAGS_CF 0x0001 /* Intel SDM vol. 1, 3.4.3 */
#define EFLAGS_PF 0x0004
#define EFLAGS_ZF 0x0040
#define EFLAGS_SF 0x0080
#define EFLAGS_OF 0x0800

/* Does condition cc hold (Intel SDM vol. 2, B.1.4.7)? The lowest bit inverts it. */
static __always_inline bool point_condition(__u64 flags, __u32 cc)
{
	bool less = !(flags & EFLAGS_SF) != !(flags & EFLAGS_OF), holds;

	switch (cc >> 1) {
	case 0:
		holds = flags & EFLAGS_OF;
		break;
	case 1:
		holds = flags & EFLAGS_CF;
		break;
	case 2:
		holds = flags & EFLAGS_ZF;
		break;
	case 3:
		holds = flags & (EFLAGS_CF | EFLAGS_ZF);
		break;
	case 4:
		holds = flags & EFLAGS_SF;
		break;
	case 5:
		holds = flags & EFLAGS_PF;
		break;
	case 6:
		holds = less;
		break;
	default:
		holds = less || flags & EFLAGS_ZF;
	}
	return holds != (cc & 1);
}

/*
 * A load from the context at a chosen offset is refused by the verifier: the comment keeps the
 * compiler from making one of the branches.
 */
#define POINT_REG(n, field)                                                                        \
	case n:                                                                                    \
		value = ctx->field;                                                                \
		asm volatile("/* " #field " */" : "+r"(value));                                    \
		break

/* The register of that number, 0 if there is none. */
SUBPROGRAM __u64 point_reg(struct pt_regs *ctx, __u32 reg)
{
	__u64 value = 0;

	switch (reg) {
		POINT_REG(0, ax);
		POINT_REG(1, cx);
		POINT_REG(2, dx);
		POINT_REG(3, bx);
		POINT_REG(5, bp);
		POINT_REG(6, si);
		POINT_REG(7, di);
		POINT_REG(8, r8);
		POINT_REG(9, r9);
		POINT_REG(10, r10);
		POINT_REG(11, r11);
		POINT_REG(12, r12);
		POINT_REG(13, r13);
		POINT_REG(14, r14);
		POINT_REG(15, r15);
	}
	return value;
}

/* A value at the point; what is on the stack is in the copy. Returns 0, or 1: unreadable. */
static __always_inline int point_value(struct pt_regs *ctx, struct thread_slot *slot, __u32 where,
				       __u32 at, __u64 *value)
{
	if (where == TRAP_STACK)
		return unwind_read(&slot->work, PT_REGS_SP(ctx) + at, value);
	*value = point_reg(ctx, where);
	return 0;
}

/*
 * The return address at sp, behind the trampoline that somebody else's return probe may have put in
 * its place: struct return_instance, include/linux/uprobes.h.
 */
SUBPROGRAM __u64 point_return(struct thread_slot *slot, __u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct uprobe_task *utask = task->utask;
	struct return_instance *ri;
	__u64 ra = 0;

	if (!slot || unwind_read(&slot->work, sp, &ra))
		return 0;
	if (!utask || !utask->return_instances)
		return ra;
	ri = utask->return_instances;
	for (int i = 0; i < 16 && ri; i++) {
		if (BPF_CORE_READ(ri, stack) == sp && !BPF_CORE_READ(ri, chained))
			return BPF_CORE_READ(ri, orig_ret_vaddr);
		ri = BPF_CORE_READ(ri, next);
	}
	return ra;
}

/* Entry and return record this call: note what the point says, to be compared. */
static __always_inline void point_note(struct pt_regs *ctx, struct thread_slot *slot,
				       const struct trap_point *p)
{
	struct pending_call *call = &slot->call;

	if (p->kind != TRAP_END && point_value(ctx, slot, p->size, p->size_at, &call->met_size))
		call->met_size = 0;
	if (p->kind == TRAP_BEGIN) {
		call->begun++;
		return;
	}
	/* an end without a beginning is as wrong as two results */
	call->met += p->kind == TRAP_END && call->begun != 1 ? 2 : 1;
	call->met_ptr = point_reg(ctx, p->ptr);
	if (point_value(ctx, slot, p->fp, p->fp_at, &call->met_fp))
		call->met_fp = 0;
}

/* The point begins a call, whose result is known later. */
static __always_inline void point_begin(struct pt_regs *ctx, struct thread_slot *slot,
					const struct trap_point *p, __u64 sp)
{
	struct pending_call *call = &slot->call;

	call->sp = sp;
	call->cookie = p->cookie | PROBE_COOKIE_BY_POINT;
	call->counter = STAT_RECORDED;
	call->has_old = 0;
	call->counted = 0;
	slot->last_free = 0;
	if (unwind_read(&slot->work, sp, &call->ra) ||
	    point_value(ctx, slot, p->size, p->size_at, &call->size))
		return;
	call->active = 1;
}

/* The point is the call's result. */
static __always_inline void point_result(struct pt_regs *ctx, struct thread_slot *slot,
					 const struct trap_point *p, __u64 sp)
{
	struct pending_call *call = &slot->call;
	__u64 ptr = point_reg(ctx, p->ptr), fp = 0, ip;

	call->active = 0;
	call->has_old = 0;
	call->old_when = 0;
	call->cookie = p->cookie;
	call->counter = STAT_RECORDED; /* see can_use_traps */
	slot->last_free = 0;
	ip = point_return(slot, sp);
	if (!ip || point_value(ctx, slot, p->fp, p->fp_at, &fp) ||
	    (p->kind == TRAP_RESULT && ptr &&
	     point_value(ctx, slot, p->size, p->size_at, &call->size))) {
		if (ptr)
			track_record(slot, 0, 0, 0, 0);
		return;
	}
	if (ptr)
		track_record(slot, ptr, ip, sp + 8, fp);
	else
		track_failed(slot, ip, sp + 8, fp);
}

/* At a conditional jump: does it go the way that the point is about? */
SUBPROGRAM bool point_counts(struct pt_regs *ctx, const struct trap_point *p)
{
	return p && (p->ways == (TRAP_GOES_ON | TRAP_TAKEN) ||
		     p->ways == (point_condition(ctx->flags, p->cc) ? TRAP_TAKEN : TRAP_GOES_ON));
}

/* A point is met, with the stack in the copy; sp: at the function's entry. */
SUBPROGRAM int point_met(struct pt_regs *ctx, struct thread_slot *slot, const struct trap_point *p)
{
	struct pending_call *call;
	__u64 sp;
	bool own;

	if (!slot || !p)
		return 0;
	call = &slot->call;
	sp = PT_REGS_SP(ctx) + p->depth;
	own = call->active && call->sp == sp &&
	      PROBE_COOKIE_TRAP(call->cookie) == PROBE_COOKIE_TRAP(p->cookie);
	if (own)
		call->hits++;
	if (!point_counts(ctx, p))
		return 0;
	if (call->active && !track_nested(call, sp)) {
		track_abandon(slot);
		own = false;
	}
	if (own && !(call->cookie & PROBE_COOKIE_BY_POINT)) {
		point_note(ctx, slot, p);
		return 0;
	}
	if (call->active && !own)
		return 0; /* made from within another call */
	if (trap_mode(trap_of(p->cookie)) != TRAP_ON || (p->kind == TRAP_END && !own))
		return 0;
	if (p->kind == TRAP_BEGIN) {
		if (own) /* called again from the same place: the last call threw */
			track_abandon(slot);
		point_begin(ctx, slot, p, sp);
	} else {
		point_result(ctx, slot, p, sp);
	}
	return 0;
}

static __always_inline int track_point(struct pt_regs *ctx, __u64 cookie)
{
	__u32 index = cookie;
	struct trap_point *p = bpf_map_lookup_elem(&trap_points, &index);
	struct thread_slot *slot;
	__u32 mode;

	if (!p)
		return 0;
	mode = trap_mode(trap_of(p->cookie));
	/* while they are proven it is counted how often points are met */
	if (mode == TRAP_OFF || (mode == TRAP_ON && !point_counts(ctx, p)))
		return 0;
	slot = slot_get();
	if (!slot) {
		stat_inc(STAT_NO_SLOT);
		return 0;
	}
	/* in a large table it takes as long to come as all the rest */
	if (p->kind != TRAP_BEGIN)
		live_prefetch(point_reg(ctx, p->ptr), state.space & 255);
	/* a beginning looks at the function's own frame only */
	unwind_copy(&slot->work, PT_REGS_SP(ctx),
		    p->kind == TRAP_BEGIN ? p->depth + 8 : STACK_COPY);
	slot->work.copy_kept = 1;
	point_met(ctx, slot, p);
	slot->work.copy_kept = 0;
	return 0;
}

#else /* no points are ever found */

static __always_inline int track_point(struct pt_regs *ctx, __u64 cookie)
{
	return 0;
}

#endif
#endif
