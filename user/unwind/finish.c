/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unwind/finish.h"

#include <stdbool.h>

#include "unwind/tables.h"

#define STACK_SPAN (64ULL << 20) /* as in bpf/unwind.bpf.h */

struct walk {
	const struct stack_rest *rest;
	uint64_t pc, sp, fp;
	bool interrupted;
};

static bool read_word(const struct walk *w, uint64_t addr, uint64_t *value)
{
	uint64_t off = addr - w->rest->sp;

	if (addr < w->rest->sp || off % 8 || off + 8 > w->rest->size ||
	    off + 8 > sizeof(w->rest->copy))
		return false;
	*value = w->rest->copy[off / 8];
	return true;
}

/* struct rt_sigframe, arch/x86/include/asm/sigframe.h */
static enum walk_end leave_signal(struct walk *w)
{
	uint64_t fp, sp, pc;

	if (!read_word(w, w->sp + 120, &fp) || !read_word(w, w->sp + 160, &sp) ||
	    !read_word(w, w->sp + 168, &pc))
		return WALK_FAULT;
	w->fp = fp;
	w->sp = sp;
	w->pc = pc;
	w->interrupted = true;
	return WALK_DEPTH;
}

/* Go from a frame to its caller's. Returns WALK_DEPTH to go on, else why not. */
static enum walk_end apply(struct walk *w, const struct unwind_row *row)
{
	uint64_t cfa, save = row->save;

	switch (row->kind) {
	case UNWIND_SP:
		cfa = w->sp + row->cfa * 8ULL;
		break;
	case UNWIND_FP:
		if (!w->fp)
			return WALK_FP_ZERO;
		cfa = w->fp + row->cfa * 8ULL;
		break;
	case UNWIND_PLT:
		cfa = w->sp + 8 + ((w->pc & 15) >= row->cfa ? 8 : 0);
		break;
	case UNWIND_SIGNAL:
		return leave_signal(w);
	case UNWIND_FP_DEREF:
		if (!read_word(w, w->fp - row->cfa * 8ULL, &cfa))
			return WALK_FAULT;
		break;
	case UNWIND_SP_FAR:
		cfa = w->sp + 8 * (row->cfa + ((save >> 4) << 16));
		save &= 15;
		break;
	case UNWIND_BOTTOM:
		return WALK_BOTTOM;
	default:
		return WALK_UNSUPPORTED;
	}
	if (cfa <= w->sp || cfa - w->sp > STACK_SPAN)
		return WALK_CHAIN;
	if (row->kind == UNWIND_FP_DEREF) {
		if (!read_word(w, w->fp, &w->fp))
			return WALK_FAULT;
	} else if (save && !read_word(w, cfa - save * 8, &w->fp)) {
		return WALK_FAULT;
	}
	if (!read_word(w, cfa - 8, &w->pc))
		return WALK_FAULT;
	w->sp = cfa;
	w->interrupted = false;
	return w->pc ? WALK_DEPTH : WALK_BOTTOM;
}

void finish__walk(const struct tables *t, const struct stack_rest *rest, uint32_t max_depth,
		  struct stack_trace *trace)
{
	struct walk w = {
		.rest = rest,
		.pc = rest->pc,
		.sp = rest->sp,
		.fp = rest->fp,
		.interrupted = rest->interrupted,
	};
	struct unwind_row row;
	enum walk_end end = WALK_DEPTH;

	if (max_depth > MEMLEAK_MAX_DEPTH)
		max_depth = MEMLEAK_MAX_DEPTH;
	while (end == WALK_DEPTH) {
		if (!tables__find(t, w.pc - !w.interrupted, &row)) {
			end = WALK_NO_MAPPING;
			break;
		}
		end = apply(&w, &row);
		if (end != WALK_DEPTH || trace->head.depth >= max_depth)
			break;
		trace->pc[trace->head.depth++] = w.interrupted ? w.pc | PC_INTERRUPTED : w.pc;
	}
	trace->head.end = end;
}
