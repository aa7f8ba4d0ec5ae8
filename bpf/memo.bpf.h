/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * memo - steps of a walk that were made before, and what they depend on.
 *
 * Some steps follow from where they begin, from the unwind tables and from the words of the stack
 * that they read: return addresses, and saved frame pointers as far as frames are found by them. If
 * all these are what they were, so are the steps; to compare takes a fifth of the time that the
 * steps take, as no word has to wait for the one before. Nothing is taken for granted.
 *
 * A frame pointer that is only passed on is not compared: code without frame pointers keeps
 * anything in that register.
 */
#ifndef MEMO_BPF_H
#define MEMO_BPF_H

#include "maps.bpf.h"

/* The frame pointer while steps are noted. */
enum memo_fp {
	MEMO_FP_KEPT, /* it is what it was where they began */
	MEMO_FP_READ, /* it was read from the word fp_at, and has not been used yet */
	MEMO_FP_USED, /* that word is compared */
};

static __always_inline void memo_spoil(struct walk_memo *memo)
{
	if (memo)
		memo->bad = 1;
}

/* The place of a word of the stack in words above where the steps began. */
static __always_inline __u16 memo_place(struct walk_memo *memo, __u64 addr)
{
	__u64 off = addr - memo->sp;

	if (off >= STACK_COPY || off & 7) {
		memo->bad = 1;
		return 0;
	}
	if (off / 8 >= memo->span)
		memo->span = off / 8 + 1;
	return off / 8;
}

/* The steps depend on a word. */
static __always_inline void memo_word(struct walk_memo *memo, __u64 addr, __u64 value)
{
	__u32 n;

	if (!memo)
		return;
	n = memo->n;
	barrier_var(n);
	if (n >= MEMO_WORDS) {
		memo->bad = 1;
		return;
	}
	memo->at[n] = memo_place(memo, addr);
	memo->word[n] = value;
	memo->n = n + 1;
}

/* They depend on the frame pointer. */
static __always_inline void memo_use_fp(struct walk_memo *memo, __u64 fp)
{
	if (!memo)
		return;
	if (memo->fp_state == MEMO_FP_KEPT) {
		memo->fp_used = 1;
	} else if (memo->fp_state == MEMO_FP_READ) {
		memo_word(memo, memo->sp + 8 * memo->fp_at, fp);
		memo->fp_state = MEMO_FP_USED;
	}
}

/* The frame pointer is read from there. */
static __always_inline void memo_reload_fp(struct walk_memo *memo, __u64 addr)
{
	if (!memo)
		return;
	memo->fp_at = memo_place(memo, addr);
	memo->fp_state = MEMO_FP_READ;
}

#endif
