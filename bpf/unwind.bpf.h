/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * unwind - walks a user stack and gives it an identity.
 *
 * Follows frame pointers: [fp] holds the caller's frame pointer, [fp + 8] the return address, on
 * x86-64 (System V ABI 3.2.2) and arm64 (AAPCS64 6.4.6) alike. The stack is copied
 * once and the chain followed in the copy, which costs a tenth of a read per frame.
 */
#ifndef UNWIND_BPF_H
#define UNWIND_BPF_H

#include "maps.bpf.h"

#define STACK_SPAN                                                                                 \
	(64ULL << 20) /* bytes: a frame further than this from sp is not on the stack              \
		       */
#define STACK_WORDS (STACK_COPY / 8)

/* Fill the copy from addr. Near a stack's upper end fewer bytes can be read: take one frame then.
 */
static __always_inline long unwind_copy(struct thread_slot *slot, __u64 addr)
{
	if (!bpf_probe_read_user(slot->copy, STACK_COPY, (void *)addr))
		return STACK_COPY;
	if (!bpf_probe_read_user(slot->copy, 16, (void *)addr))
		return 16;
	return 0;
}

struct walk {
	struct thread_slot *slot;
	__u64 sp;   /* where the walk began: no frame lies below */
	__u64 fp;   /* the frame record to read next */
	__u64 base; /* address that slot->copy begins with */
	__u64 have; /* bytes in slot->copy */
	__u64 hash;
	__u32 depth, end;
};

/* One frame. Returns 1 to stop (bpf_loop's convention). */
static long unwind_step(__u32 index, struct walk *w)
{
	struct thread_slot *slot = w->slot;
	__u64 off = w->fp - w->base, next, ra;
	__u32 word, depth = w->depth;

	if (!slot)
		return 1;
	w->end = WALK_BOTTOM;
	if (!w->fp)
		return 1;
	w->end = WALK_CHAIN;
	if (w->fp < w->sp || w->fp - w->sp > STACK_SPAN || (w->fp & 7))
		return 1;
	w->end = WALK_DEPTH;
	if (depth >= cfg.max_depth || depth >= MEMLEAK_MAX_DEPTH)
		return 1;
	if (off + 16 > w->have) {
		w->base = w->fp;
		w->have = unwind_copy(slot, w->base);
		off = 0;
		w->end = WALK_FAULT;
		if (!w->have)
			return 1;
	}
	word = off >> 3;
	if (word > STACK_WORDS - 2)
		return 1;
	next = slot->copy[word];
	ra = slot->copy[word + 1];
	w->end = WALK_BOTTOM;
	if (!ra)
		return 1;
	slot->trace.pc[depth] = ra;
	w->depth = depth + 1;
	w->hash = (w->hash ^ ra) * 0x9E3779B97F4A7C15ULL;
	w->hash ^= w->hash >> 29;
	w->end = WALK_CHAIN;
	if (next && next <= w->fp) /* must lead towards the stack's origin */
		return 1;
	w->end = WALK_DEPTH;
	w->fp = next;
	return 0;
}

/*
 * Walk from (ip, sp, fp) as they are in the caller of the allocator, into slot->trace.
 * ip becomes the first frame. Returns the hash of the frames, never 0.
 */
static __always_inline __u64 unwind_walk(struct thread_slot *slot, __u64 ip, __u64 sp, __u64 fp)
{
	struct walk w = {
		.slot = slot,
		.sp = sp,
		.fp = fp,
		.base = sp,
		.depth = 1,
		.hash = (ip ^ state.space) * 0x9E3779B97F4A7C15ULL,
	};

	slot->trace.pc[0] = ip;
	w.have = unwind_copy(slot, sp);
	bpf_loop(MEMLEAK_MAX_DEPTH, unwind_step, &w, 0);
	slot->trace.head.depth = w.depth;
	slot->trace.head.end = w.end;
	return w.hash ? w.hash : 1;
}

#endif
