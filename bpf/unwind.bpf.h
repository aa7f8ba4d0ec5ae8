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

/* Bytes from a page's beginning to the copy, or a few more: struct bpf_local_storage_elem. */
#ifdef MEMLEAK_OLD
#define SLOT_COPY offsetof(struct workspace, copy)
#else
#define SLOT_COPY (72 + offsetof(struct thread_slot, work.copy))
#endif

/*
 * Fill the copy from addr on. If that fails, at most to the end of the page: what is mapped is
 * whole pages, so a stack that ends there can be read up to its end.
 *
 * A processor takes a load for one of a word that was stored just before if their addresses are the
 * same in the lowest 12 bits ("4K aliasing", Intel optimization manual, 15.8), and waits: a copy to
 * where the source comes by a moment later takes twice as long. So the copy begins in that half of
 * the buffer that is not ahead of the source: a thread's slot begins where a page does, but for the
 * kernel's own part of it, as all memory that is larger than a page.
 */
static __always_inline void unwind_copy(struct workspace *work, __u64 addr, __u64 size)
{
	__u64 begin = (SLOT_COPY - addr) & STACK_COPY ? 0 : STACK_WORDS, rest;

	if (size > STACK_COPY)
		size = STACK_COPY;
	work->copy_at = addr;
	work->copy_begin = begin;
	work->copy_size = size;
	if (!bpf_probe_read_user(work->copy + begin, size, (void *)addr))
		return;
	rest = 4096 - (addr & 4095);
	if (size > rest)
		size = rest;
	work->copy_size = bpf_probe_read_user(work->copy + begin, size, (void *)addr) ? 0 : size;
}

/* The same for the first part of a walk: what the last ones needed, as they resemble each other. */
static __always_inline void unwind_copy_first(struct workspace *work, __u64 addr)
{
	__u64 size = work->span;

	unwind_copy(work, addr, size ? size : STACK_COPY);
}

/*
 * A walk that began with a copy from addr on has come to sp. What is copied in vain costs less than
 * a second copy: the span follows deeper stacks at once, others slowly.
 */
static __always_inline void unwind_learn(struct workspace *work, __u64 addr, __u64 sp)
{
	__u64 need = (sp - addr + 63) & ~63ULL, span = work->span;

	if (need > STACK_COPY)
		need = STACK_COPY;
	work->span = need > span ? need : span - ((span - need) >> 4 & ~7ULL);
}

/* The word at addr, which is not in the copy yet: its first one then. Returns 0, or 1: unreadable.
 */
VERIFIED_ONCE_PTR int unwind_fetch(struct workspace *work, __u64 addr)
{
	if (!work || (addr & 7))
		return 1;
	unwind_copy(work, addr, STACK_COPY);
	return !work->copy_size;
}

/* The word at addr, through the copy. Returns 0, or 1: unreadable. */
static __always_inline int unwind_read(struct workspace *work, __u64 addr, __u64 *value)
{
	__u64 off = addr - work->copy_at;

	if (off >= work->copy_size || (off & 7)) {
		if (unwind_fetch(work, addr))
			return 1;
		off = 0;
	}
	*value = work->copy[((off >> 3) + work->copy_begin) & (2 * STACK_WORDS - 1)];
	return 0;
}

/* The frame that a signal has interrupted: struct rt_sigframe, arch/x86/include/asm/sigframe.h. */
static __always_inline __u64 unwind_signal(struct workspace *work, __u64 *sp, __u64 *fp)
{
	__u64 at = *sp, pc;

	if (unwind_read(work, at + 120, fp) || unwind_read(work, at + 160, sp) ||
	    unwind_read(work, at + 168, &pc)) {
		work->walk.end = WALK_FAULT;
		return 0;
	}
	work->walk.signalled = 1;
	return pc ? pc | PC_INTERRUPTED : 0;
}

/* End a walk; what unwind_apply and unwind_next return then. */
static __always_inline __u64 unwind_end(struct workspace *work, __u32 why)
{
	work->walk.end = why;
	return 0;
}

/*
 * Go from the frame (pc, sp, fp) to its caller's by row. Returns the caller's pc, or 0: the walk
 * ends, and walk.end says why.
 */
static __always_inline __u64 unwind_apply(struct workspace *work, __u64 row, __u64 pc, __u64 *sp,
					  __u64 *fp)
{
	__u64 kind = ROW_KIND(row), save = ROW_SAVE(row), cfa = *sp;

	switch (kind) {
	case UNWIND_SP:
		cfa += ROW_CFA(row) * 8;
		break;
	case UNWIND_FP:
		if (!*fp)
			return unwind_end(work, WALK_FP_ZERO);
		cfa = *fp + ROW_CFA(row) * 8;
		break;
	case UNWIND_PLT:
		cfa += 8 + ((pc & 15) >= ROW_CFA(row) ? 8 : 0);
		break;
	case UNWIND_SIGNAL:
		work->walk.end = WALK_BOTTOM;
		return unwind_signal(work, sp, fp);
	case UNWIND_FP_DEREF:
		if (unwind_read(work, *fp - ROW_CFA(row) * 8, &cfa))
			return unwind_end(work, WALK_FAULT);
		break;
	case UNWIND_SP_FAR:
		cfa += 8 * (ROW_CFA(row) + ((save >> 4) << 16));
		save &= 15;
		break;
	case UNWIND_BOTTOM:
		return unwind_end(work, WALK_BOTTOM);
	default:
		return unwind_end(work, WALK_UNSUPPORTED);
	}
	/* frames lie one above the other: this also ends loops */
	if (cfa <= *sp || cfa - *sp > STACK_SPAN)
		return unwind_end(work, WALK_CHAIN);
	if (kind == UNWIND_FP_DEREF) {
		if (unwind_read(work, *fp, fp))
			return unwind_end(work, WALK_FAULT);
	} else if (save) {
		if (unwind_read(work, cfa - save * 8, fp))
			return unwind_end(work, WALK_FAULT);
	}
	*sp = cfa;
	if (unwind_read(work, cfa - 8, &pc))
		return unwind_end(work, WALK_FAULT);
	work->walk.end = WALK_BOTTOM;
	return pc;
}

/*
 * Look up the row for an instruction at pc, and remember it as that of the frame at sp. Not that of
 * an allocator function: meeting one is noted each time. A signal handler's calls are not those of
 * the function that the signal came in.
 */
VERIFIED_ONCE_PTR __u64 unwind_find(struct workspace *work, __u64 pc, __u64 sp)
{
	__u64 gen = state.gen, row = row_find(pc);
	struct row_hint *hint;

	if (!work || row == ROW_NO_MAPPING)
		return row;
	if (row & ROW_ALLOCATOR) {
		if (!work->walk.signalled)
			work->walk.inner = 1;
		return row & ~ROW_ALLOCATOR;
	}
	hint = &work->hint[ROW_HINT(sp)];
	hint->tag = pc ^ gen << 48;
	hint->row = row;
	return row;
}

/*
 * The row for the frame (pc, sp). Walks of a thread resemble each other: what is at the same place
 * is the same frame, more often than not. So the row comes from there, and the processor goes on
 * while it makes sure; to look the address up it would have to wait for it.
 */
static __always_inline __u64 unwind_row(struct workspace *work, __u64 pc, __u64 sp)
{
	struct row_hint *hint = &work->hint[ROW_HINT(sp)];

	if (cfg.frame_pointers)
		return ROW_FRAME_POINTER;
	/* a return address may be the next function's first: its call is what counts */
	pc = pc & PC_INTERRUPTED ? PC_ADDR(pc) : pc - 1;
	if (hint->tag == (pc ^ (__u64)state.gen << 48))
		return hint->row;
	return unwind_find(work, pc, sp);
}

#define STEPS_AT_ONCE 8

/*
 * A frame's share of the hash, as good as random for each pair of address and depth: so the shares
 * can be added, and no step waits for the one before. Finalizer of splitmix64 (Vigna).
 */
static __always_inline __u64 unwind_hash(__u64 pc, __u32 depth)
{
	pc += depth * HASH_K;
	pc = (pc ^ pc >> 30) * 0xBF58476D1CE4E5B9ULL;
	pc = (pc ^ pc >> 27) * 0x94D049BB133111EBULL;
	return pc ^ pc >> 31;
}

/*
 * Some frames; most of the time goes into this. State is kept in registers in between, as far as
 * there are any. Returns 1 to stop.
 */
VERIFIED_ONCE int unwind_steps(work_ref ref)
{
	struct workspace *work = work_of(ref);
	__u64 row, pc, sp, fp;
	__u32 depth, last;
	int stop = 1;

	if (!work)
		return 1;
	depth = work->walk.depth;
	sp = work->walk.sp;
	fp = work->walk.fp;
	for (__u32 i = 0; i < STEPS_AT_ONCE; i++) {
		/* what could be computed outside of the loop would take up stack */
		barrier_var(work);
		last = depth - 1;
		barrier_var(last); /* so that checks stay before what they are for */
		if (last >= MEMLEAK_MAX_DEPTH)
			break;
		pc = work->stack.trace.pc[last];
		row = unwind_row(work, pc, sp);
		if (row == ROW_NO_MAPPING) {
			/* there are more frames than were taken */
			work->walk.hash += unwind_hash(sp, depth);
			unwind_end(work, WALK_NO_MAPPING);
			break;
		}
		pc = unwind_apply(work, row, pc, &sp, &fp);
		if (!pc)
			break;
		barrier_var(depth);
		if (depth >= cfg.max_depth || depth >= MEMLEAK_MAX_DEPTH) {
			unwind_end(work, WALK_DEPTH);
			break;
		}
		work->stack.trace.pc[depth] = pc;
		work->walk.hash += unwind_hash(pc, depth);
		depth++;
		if (i == STEPS_AT_ONCE - 1)
			stop = 0;
	}
	work->walk.depth = depth;
	work->walk.sp = sp;
	work->walk.fp = fp;
	return stop;
}

/*
 * Walk from (pc, sp, fp) as they are in the caller of the allocator, into work->stack.trace.
 * pc becomes the first frame. Returns the hash of the frames, never 0.
 */
static __always_inline __u64 unwind_walk(work_ref ref, __u64 pc, __u64 sp, __u64 fp)
{
	struct workspace *work = work_of(ref);
	struct walk *w;
	__u64 begin;

	if (!work)
		return 0;
	w = &work->walk;
	w->sp = sp;
	w->fp = fp;
	w->hash = unwind_hash(pc, 0) + state.space * HASH_K;
	w->depth = 1;
	w->signalled = 0;
	w->inner = 0;
	work->stack.trace.pc[0] = pc;
	if (!work->copy_kept)
		unwind_copy_first(work, sp);
	begin = work->copy_at;
	/* one step more than frames, to see that the last one is the outermost */
	for (__u32 i = 0; i <= MEMLEAK_MAX_DEPTH / STEPS_AT_ONCE; i++)
		if (unwind_steps(ref))
			break;
	unwind_learn(work, begin, w->sp);
	work->stack.trace.head.depth = w->depth;
	work->stack.trace.head.end = w->end;
	return w->hash ? w->hash : 1;
}

#endif
