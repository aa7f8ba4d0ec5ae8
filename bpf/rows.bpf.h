/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * rows - finds the row of the unwind table for a code address.
 *
 * By bisection, one array look-up a step: those are inlined and need no bounds proof, while
 * indexing an array inside a map value exceeds the verifier's patience. A per-CPU cache saves most
 * of it, as programs allocate from few places.
 */
#ifndef ROWS_BPF_H
#define ROWS_BPF_H

#include "compat.bpf.h"

#define HASH_K 0x9E3779B97F4A7C15ULL /* 2^64 / golden ratio: Knuth, TAOCP 6.4 */

/* A row without its pc in one word. */
#define ROW(kind, cfa, save) ((__u64)(kind) << 16 | (__u64)(save) << 24 | (cfa))
#define ROW_CFA(row) ((row)&0xffff)
#define ROW_KIND(row) ((row) >> 16 & 0xff)
#define ROW_ALLOCATOR ((__u64)UNWIND_ALLOCATOR << 16)
#define ROW_SAVE(row) ((row) >> 24 & 0xff)
/* push rbp; mov rsp, rbp: what code that is not described is taken for */
#define ROW_FRAME_POINTER ROW(UNWIND_FP, 2, 2)
#define ROW_NO_MAPPING (~0ULL)

struct bisect {
	__u64 pc;
	__u32 lo, hi; /* what is looked for lies before hi; before lo everything is <= pc */
};

/* One step. Returns 1 when there is nothing left to look at. */
static __always_inline int seg_step(struct bisect *b)
{
	__u32 mid = (b->lo + b->hi) >> 1;
	struct unwind_seg *seg;

	if (b->lo >= b->hi)
		return 1;
	seg = bpf_map_lookup_elem(&unwind_segs, &mid);
	if (!seg)
		return 1;
	if (seg->start <= b->pc)
		b->lo = mid + 1;
	else
		b->hi = mid;
	return 0;
}

static __always_inline int row_step(struct bisect *b)
{
	__u32 mid = (b->lo + b->hi) >> 1;
	struct unwind_row *row;

	if (b->lo >= b->hi)
		return 1;
	row = bpf_map_lookup_elem(&unwind_rows, &mid);
	if (!row)
		return 1;
	if (row->pc <= b->pc)
		b->lo = mid + 1;
	else
		b->hi = mid;
	return 0;
}

static __always_inline bool seg_holds(const struct unwind_seg *seg, __u64 pc)
{
	return seg && pc >= seg->start && pc < seg->end;
}

/* Look the row for pc up in the tables: 8,192 segments are 13 steps, 16 M rows 24. */
VERIFIED_ONCE __u64 row_search(__u64 pc)
{
	__u64 segs = state.segs;
	struct bisect b = {.pc = pc, .lo = (__u32)segs, .hi = segs >> 32};
	struct unwind_seg *seg;
	struct unwind_row *row;
	__u32 first, k = 0, *hint;

	hint = bpf_map_lookup_elem(&seg_hint, &k);
	if (!hint)
		return ROW_NO_MAPPING;
	k = *hint;
	seg = bpf_map_lookup_elem(&unwind_segs, &k);
	if (k < b.lo || k >= b.hi || !seg_holds(seg, pc)) {
		for (int i = 0; i < 14 && !seg_step(&b); i++)
			;
		k = b.lo - 1;
		seg = bpf_map_lookup_elem(&unwind_segs, &k);
		if (b.lo <= (__u32)segs || !seg_holds(seg, pc))
			return ROW_NO_MAPPING;
		*hint = k;
	}
	if (!seg)
		return ROW_NO_MAPPING;
	first = seg->row_lo;
	b.pc = pc - seg->bias;
	b.lo = first;
	b.hi = seg->row_hi;
	if (b.lo >= b.hi)
		return ROW_FRAME_POINTER;
	for (int i = 0; i < 24 && !row_step(&b); i++)
		;
	k = b.lo - 1;
	row = bpf_map_lookup_elem(&unwind_rows, &k);
	if (b.lo <= first || !row || row->kind == UNWIND_END)
		return ROW_FRAME_POINTER; /* hand-written assembly, as a rule */
	return ROW(row->kind, row->cfa, row->save);
}

/* The row for pc: as ROW(), or ROW_NO_MAPPING. */
static __always_inline __u64 row_find(__u64 pc)
{
	__u32 gen = state.gen;
	__u64 want = (pc ^ (__u64)gen << 48) * HASH_K, row;
	__u32 slot = want >> (64 - ROW_CACHE_BITS);
	struct cached_row *cached = bpf_map_lookup_elem(&row_cache, &slot);

	if (!cached)
		return ROW_NO_MAPPING;
	row = cached->row;
	if (cached->tag == (want ^ row * HASH_K))
		return row;
	row = row_search(pc);
	if (gen != state.gen) /* segments were switched under us */
		return row_search(pc);
	if (row != ROW_NO_MAPPING) {
		cached->row = row;
		cached->tag = want ^ row * HASH_K;
	}
	return row;
}

#endif
