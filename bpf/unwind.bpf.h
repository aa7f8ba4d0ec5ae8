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

/* Bytes from addr to the end of its page. */
static __always_inline __u64 unwind_page_rest(__u64 addr)
{
	return 4096 - (addr & 4095);
}

/*
 * Fill the copy from addr on, with so many bytes at most: as far as the last walk went, which most
 * walks of a thread do; so what is copied can be read, and is needed. Else to the end of the page,
 * as what is mapped is whole pages: a read that fails costs as much as a trap.
 *
 * A processor takes a load for one of a word that was stored just before if their addresses are the
 * same in the lowest 12 bits ("4K aliasing", Intel optimization manual, 15.8), and waits: a copy to
 * where the source comes by a moment later takes twice as long. So the copy begins in that half of
 * the buffer that is not ahead of the source: a thread's slot begins where a page does, but for the
 * kernel's own part of it, as all memory that is larger than a page.
 */
static __always_inline void unwind_copy(struct workspace *work, __u64 addr, __u64 most)
{
	__u64 begin = ((SLOT_COPY - addr) & 4095) < STACK_COPY ? STACK_WORDS : 0;
	__u64 size = work->top > addr ? work->top - addr : unwind_page_rest(addr);

	if (size > most)
		size = most;
	if (size > STACK_COPY)
		size = STACK_COPY;
	work->copy_at = addr;
	work->copy_begin = begin;
	work->copy_size = size;
	if (!bpf_probe_read_user(work->copy + begin, size, (void *)addr))
		return;
	if (size > unwind_page_rest(addr))
		size = unwind_page_rest(addr);
	barrier_var(size);
	/* the verifier of 5.10 learns nothing from comparing two registers: tell it again */
	if (size > STACK_COPY)
		size = STACK_COPY;
	work->copy_size = bpf_probe_read_user(work->copy + begin, size, (void *)addr) ? 0 : size;
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

#include "memo.bpf.h"

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
 * ends, and walk.end says why. memo: where to note what this depends on, NULL: nowhere.
 */
static __always_inline __u64 unwind_apply(struct workspace *work, struct walk_memo *memo, __u64 row,
					  __u64 pc, __u64 *sp, __u64 *fp)
{
	__u64 kind = ROW_KIND(row), save = ROW_SAVE(row), cfa = *sp;

	switch (kind) {
	case UNWIND_SP:
		cfa += ROW_CFA(row) * 8;
		break;
	case UNWIND_FP:
		memo_use_fp(memo, *fp);
		if (!*fp)
			return unwind_end(work, WALK_FP_ZERO);
		cfa = *fp + ROW_CFA(row) * 8;
		break;
	case UNWIND_PLT:
		cfa += 8 + ((pc & 15) >= ROW_CFA(row) ? 8 : 0);
		break;
	case UNWIND_SIGNAL:
		memo_spoil(memo);
		work->walk.end = WALK_BOTTOM;
		return unwind_signal(work, sp, fp);
	case UNWIND_FP_DEREF:
		memo_use_fp(memo, *fp);
		if (unwind_read(work, *fp - ROW_CFA(row) * 8, &cfa))
			return unwind_end(work, WALK_FAULT);
		memo_word(memo, *fp - ROW_CFA(row) * 8, cfa);
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
		memo_reload_fp(memo, *fp);
		if (unwind_read(work, *fp, fp))
			return unwind_end(work, WALK_FAULT);
	} else if (save) {
		memo_reload_fp(memo, cfa - save * 8);
		if (unwind_read(work, cfa - save * 8, fp))
			return unwind_end(work, WALK_FAULT);
	}
	*sp = cfa;
	if (unwind_read(work, cfa - 8, &pc))
		return unwind_end(work, WALK_FAULT);
	memo_word(memo, cfa - 8, pc);
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
 * Steps are taken up to the next multiple of that many bytes: so walks that come by the same frames
 * from different ones make the same steps from there on, which is what memos are for.
 */
#define STEPS_SPAN 512

/*
 * The hash of a stack is the sum of its frames' pcs, each made as good as random and then taken
 * times FRAME_FACTOR to the power of its depth. So what some frames add, but for where they begin,
 * does not depend on those before. Finalizer of splitmix64 (Vigna).
 */
#define FRAME_FACTOR 0xD1342543DE82EF95ULL /* Steele, Vigna: arXiv:2001.05304 */

static __always_inline __u64 unwind_mix(__u64 pc)
{
	pc = (pc ^ pc >> 30) * 0xBF58476D1CE4E5B9ULL;
	pc = (pc ^ pc >> 27) * 0x94D049BB133111EBULL;
	return pc ^ pc >> 31;
}

static __always_inline void unwind_add(struct walk *w, __u64 pc)
{
	w->hash += unwind_mix(pc) * w->factor;
	w->factor *= FRAME_FACTOR;
}

/* One step from the frame that is reached. Returns 1 to stop. */
static __always_inline int unwind_step(struct workspace *work, struct walk_memo *memo)
{
	struct walk *w = &work->walk;
	__u64 pc = w->pc, sp = w->sp, fp = w->fp, row = unwind_row(work, pc, sp);
	__u32 depth;

	if (row == ROW_NO_MAPPING) {
		memo_spoil(memo);
		unwind_add(w, sp); /* there are more frames than were taken */
		unwind_end(work, WALK_NO_MAPPING);
		return 1;
	}
	pc = unwind_apply(work, memo, row, pc, &sp, &fp);
	w->sp = sp;
	w->fp = fp;
	if (!pc)
		return 1;
	depth = w->depth;
	barrier_var(depth); /* so that the check stays before what it is for */
	if (depth >= cfg.max_depth || depth >= MEMLEAK_MAX_DEPTH) {
		memo_spoil(memo);
		unwind_end(work, WALK_DEPTH);
		return 1;
	}
	work->stack.trace.pc[depth] = pc;
	w->depth = depth + 1;
	w->pc = pc;
	unwind_add(w, pc);
	return 0;
}

/* Some frames; most of the time goes into this. Returns 1 to stop. */
VERIFIED_ONCE int unwind_steps(work_ref ref)
{
	struct workspace *work = work_of(ref);
	__u64 sp;

	if (!work)
		return 1;
	sp = work->walk.sp;
	for (__u32 i = 0; i < STEPS_AT_ONCE; i++) {
		barrier_var(
			work); /* what could be computed outside of the loop would take up stack */
		if (unwind_step(work, NULL))
			return 1;
		if ((work->walk.sp ^ sp) & -STEPS_SPAN)
			break;
	}
	return 0;
}

#ifndef MEMLEAK_OLD

VERIFIED_ONCE int unwind_note_step(struct workspace *work)
{
	__u32 index;

	if (!work)
		return 1;
	index = work->walk.memo;
	barrier_var(index);
	return index >= MEMOS || unwind_step(work, &work->memo[index]);
}

/* Some steps, which are noted. */
static __always_inline int unwind_note(struct workspace *work, struct walk_memo *memo)
{
	struct walk *w = &work->walk;
	__u64 sp = w->sp, hash = w->hash, factor = w->factor;
	__u32 depth = w->depth;
	int stop = 0;

	memo->fp = w->fp;
	memo->fp_state = MEMO_FP_KEPT;
	memo->fp_used = memo->n = memo->span = 0;
	memo->bad = w->signalled; /* allocator functions do not matter there: unwind_find */
	w->hash = 0;
	w->factor = 1;
	for (__u32 i = 0; i < STEPS_AT_ONCE && !stop; i++) {
		stop = unwind_note_step(work);
		if ((w->sp ^ sp) & -STEPS_SPAN)
			break;
	}
	memo->to_pc = w->pc;
	memo->to_sp = w->sp;
	memo->hash = w->hash;
	memo->factor = w->factor;
	memo->frames = w->depth - depth;
	memo->ends = stop;
	memo->end = w->end;
	memo->valid = !memo->bad && !w->inner && w->end != WALK_FAULT && memo->gen == state.gen;
	w->hash = hash + memo->hash * factor;
	w->factor = factor * memo->factor;
	return stop;
}

/* Have the words of the stack that the memo depends on in the copy. Returns their index, or -1. */
static __always_inline __s64 unwind_recall_copy(struct workspace *work,
						const struct walk_memo *memo, __u64 sp)
{
	__u64 off = sp - work->copy_at;

	if (off & 7)
		return -1;
	if (off > work->copy_size || off + 8 * memo->span > work->copy_size) {
		if (unwind_fetch(work, sp) || 8 * memo->span > work->copy_size)
			return -1;
		off = 0;
	}
	return (off >> 3) + work->copy_begin;
}

/* Is all that the memo depends on what it was? Then the walk has made its steps. */
static __always_inline bool unwind_follow(struct workspace *work, const struct walk_memo *memo)
{
	struct walk *w = &work->walk;
	__s64 from;

	if (memo->fp_used && memo->fp != w->fp)
		return false;
	if (w->depth + memo->frames > cfg.max_depth)
		return false;
	from = unwind_recall_copy(work, memo, w->sp);
	if (from < 0)
		return false;
	for (__u32 i = 0; i < MEMO_WORDS; i++) {
		if (i >= memo->n)
			break;
		if (work->copy[(from + memo->at[i]) & (2 * STACK_WORDS - 1)] != memo->word[i])
			return false;
	}
	if (memo->fp_state != MEMO_FP_KEPT)
		w->fp = work->copy[(from + memo->fp_at) & (2 * STACK_WORDS - 1)];
	w->pc = memo->to_pc;
	w->sp = memo->to_sp;
	w->hash += memo->hash * w->factor;
	w->factor *= memo->factor;
	w->depth += memo->frames;
	w->end = memo->end;
	w->recalled = 1;
	return true;
}

/* Notes are taken when steps begin at the same place again; seldom, where they are others then. */
#define NOTE_EVERY 32

/* Some frames, by a memo if there is one. Returns 1 to stop. */
VERIFIED_ONCE int unwind_recall(struct workspace *work)
{
	struct walk_memo *memo;
	struct walk *w;
	__u64 index;
	__u32 gen;

	if (!work)
		return 1;
	w = &work->walk;
	index = ((w->pc + (w->sp << 20)) * HASH_K >> 32) * MEMOS >> 32;
	barrier_var(index);
	if (index >= MEMOS)
		return 1;
	memo = &work->memo[index];
	gen = state.gen;
	if (memo->pc != w->pc || memo->sp != w->sp || memo->gen != gen) {
		memo->pc = w->pc;
		memo->sp = w->sp;
		memo->gen = gen;
		memo->valid = memo->misses = 0;
		return unwind_steps(work);
	}
	if (memo->valid && unwind_follow(work, memo))
		return memo->ends;
	if (memo->misses++ % NOTE_EVERY)
		return unwind_steps(work);
	w->memo = index;
	return unwind_note(work, memo);
}

#else

#define unwind_recall(ref) unwind_steps(ref)

#endif

/* plain: without memos, so that all frames are in work->stack.trace. */
static __always_inline void unwind_from(work_ref ref, __u64 pc, __u64 sp, __u64 fp, bool plain)
{
	struct workspace *work = work_of(ref);
	struct walk *w;

	if (!work)
		return;
	w = &work->walk;
	w->pc = w->from_pc = pc;
	w->sp = w->from_sp = sp;
	w->fp = w->from_fp = fp;
	w->hash = state.space * HASH_K;
	w->factor = 1;
	unwind_add(w, pc);
	w->depth = 1;
	w->signalled = 0;
	w->inner = 0;
	w->recalled = 0;
	work->stack.trace.pc[0] = pc;
	/* one step more than frames, to see that the last one is the outermost */
	for (__u32 i = 0; i <= MEMLEAK_MAX_DEPTH; i++)
		if (plain ? unwind_steps(ref) : unwind_recall(ref))
			break;
	work->stack.trace.head.depth = w->depth;
	work->stack.trace.head.end = w->end;
}

/*
 * Walk from (pc, sp, fp) as they are in the caller of the allocator. pc becomes the first frame.
 * Returns the hash of the frames, never 0. The frames themselves: unwind_frames.
 */
static __always_inline __u64 unwind_walk(work_ref ref, __u64 pc, __u64 sp, __u64 fp)
{
	struct workspace *work = work_of(ref);

	if (!work)
		return 0;
	if (!work->copy_kept)
		unwind_copy(work, sp, STACK_COPY);
	unwind_from(ref, pc, sp, fp, false);
	work->top = work->walk.sp;
	return work->walk.hash ? work->walk.hash : 1;
}

/* Have all frames of the walk that was just made in work->stack.trace. */
SUBPROGRAM void unwind_frames(work_ref ref)
{
	struct workspace *work = work_of(ref);

	if (!work || !work->walk.recalled)
		return;
	unwind_copy(work, work->walk.from_sp, STACK_COPY);
	unwind_from(ref, work->walk.from_pc, work->walk.from_sp, work->walk.from_fp, true);
}

#endif
