/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * unwind - walks a user stack, without frame pointers, and gives it an identity.
 *
 * Each frame's row (rows.bpf.h) says where the caller's frame begins and where its registers are.
 * The stack is copied a piece at a time and read in the copy: one read of 1 KiB costs little more
 * than one of 8 bytes. What is specific to x86-64 is in unwind_apply.
 */
#ifndef UNWIND_BPF_H
#define UNWIND_BPF_H

#include "rows.bpf.h"

#define STACK_SPAN                                                                                 \
	(64ULL << 20) /* bytes: a frame further than this from sp is not on the stack              \
		       */
#define STACK_WORDS (STACK_COPY / 8)

/*
 * Fill the copy from addr on, at most to the end of the page: what is mapped is whole pages, so a
 * stack that ends there does not make the read fail.
 */
static __always_inline void unwind_copy(struct thread_slot *slot, __u64 addr)
{
	__u32 size = 4096 - (addr & 4095);

	if (size > STACK_COPY)
		size = STACK_COPY;
	slot->copy_at = addr;
	slot->copy_size = bpf_probe_read_user(slot->copy, size, (void *)addr) ? 0 : size;
}

/* The word at addr, through the copy. Returns 0, or 1: unreadable. */
VERIFIED_ONCE int unwind_read(struct thread_slot *slot, __u64 addr, __u64 *value)
{
	__u64 off;

	if (!slot || !value || (addr & 7))
		return 1;
	off = addr - slot->copy_at;
	if (off >= slot->copy_size) {
		unwind_copy(slot, addr);
		if (!slot->copy_size)
			return 1;
		off = 0;
	}
	off >>= 3;
	if (off >= STACK_WORDS)
		return 1;
	*value = slot->copy[off];
	return 0;
}

/* The frame that a signal has interrupted: struct rt_sigframe, arch/x86/include/asm/sigframe.h. */
static __always_inline __u32 unwind_signal(struct thread_slot *slot)
{
	struct walk *w = &slot->walk;
	__u64 sp = w->sp;

	if (unwind_read(slot, sp + 120, &w->fp) || unwind_read(slot, sp + 160, &w->sp) ||
	    unwind_read(slot, sp + 168, &w->pc))
		return WALK_FAULT;
	w->interrupted = 1;
	return WALK_DEPTH;
}

/* Go from a frame to its caller's by row. Returns WALK_DEPTH to go on, else why not. */
static __always_inline __u32 unwind_apply(struct thread_slot *slot, __u64 row)
{
	/* set, as 5.15 wants memory that a function is given to be */
	__u64 kind = ROW_KIND(row), save = ROW_SAVE(row), cfa = 0;
	struct walk *w = &slot->walk;

	switch (kind) {
	case UNWIND_SP:
		cfa = w->sp + ROW_CFA(row) * 8;
		break;
	case UNWIND_FP:
		if (!w->fp)
			return WALK_FP_ZERO;
		cfa = w->fp + ROW_CFA(row) * 8;
		break;
	case UNWIND_PLT:
		cfa = w->sp + 8 + ((w->pc & 15) >= ROW_CFA(row) ? 8 : 0);
		break;
	case UNWIND_SIGNAL:
		return unwind_signal(slot);
	case UNWIND_FP_DEREF:
		if (unwind_read(slot, w->fp - ROW_CFA(row) * 8, &cfa))
			return WALK_FAULT;
		break;
	case UNWIND_SP_FAR:
		cfa = w->sp + 8 * (ROW_CFA(row) + ((save >> 4) << 16));
		save &= 15;
		break;
	case UNWIND_BOTTOM:
		return WALK_BOTTOM;
	default:
		return WALK_UNSUPPORTED;
	}
	/* frames lie one above the other: this also ends loops */
	if (cfa <= w->sp || cfa - w->sp > STACK_SPAN)
		return WALK_CHAIN;
	if (kind == UNWIND_FP_DEREF) {
		if (unwind_read(slot, w->fp, &w->fp))
			return WALK_FAULT;
	} else if (save) {
		if (unwind_read(slot, cfa - save * 8, &w->fp))
			return WALK_FAULT;
	}
	if (unwind_read(slot, cfa - 8, &w->pc))
		return WALK_FAULT;
	w->sp = cfa;
	w->interrupted = 0;
	return w->pc ? WALK_DEPTH : WALK_BOTTOM;
}

/* One frame. Returns 1 to stop. */
VERIFIED_ONCE int unwind_step(struct thread_slot *slot)
{
	struct walk *w;
	__u32 depth;
	__u64 row, pc;

	if (!slot)
		return 1;
	w = &slot->walk;
	depth = w->depth;
	/* a return address may be the next function's first: its call is what counts */
	row = cfg.frame_pointers ? ROW_FRAME_POINTER : row_find(w->pc - !w->interrupted);
	if (row == ROW_NO_MAPPING) {
		w->end = WALK_NO_MAPPING;
		w->hash = (w->hash ^ w->sp) * HASH_K; /* there are more frames than were taken */
		return 1;
	}
	w->end = unwind_apply(slot, row);
	if (w->end != WALK_DEPTH)
		return 1;
	if (depth >= cfg.max_depth || depth >= MEMLEAK_MAX_DEPTH)
		return 1;
	pc = w->pc;
	if (w->interrupted)
		pc |= PC_INTERRUPTED;
	slot->stack.trace.pc[depth] = pc;
	w->depth = depth + 1;
	w->hash = (w->hash ^ pc) * HASH_K;
	w->hash ^= w->hash >> 29;
	return 0;
}

/*
 * Walk from (pc, sp, fp) as they are in the caller of the allocator, into slot->stack.trace.
 * pc becomes the first frame. Returns the hash of the frames, never 0.
 */
static __always_inline __u64 unwind_walk(struct thread_slot *slot, __u64 pc, __u64 sp, __u64 fp)
{
	struct walk *w;

	if (!slot)
		return 0;
	w = &slot->walk;
	w->pc = pc;
	w->sp = sp;
	w->fp = fp;
	w->hash = (pc ^ state.space) * HASH_K;
	w->depth = 1;
	w->interrupted = 0;
	slot->stack.trace.pc[0] = pc;
	unwind_copy(slot, sp);
	/* one step more than frames, to see that the last one is the outermost */
	for (__u32 i = 0; i <= MEMLEAK_MAX_DEPTH; i++)
		if (unwind_step(slot))
			break;
	slot->stack.trace.head.depth = w->depth;
	slot->stack.trace.head.end = w->end;
	return w->hash ? w->hash : 1;
}

#endif
