/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * track - pairs allocations with frees: begin → finish → live table; free removes.
 *
 * Only a thread's outermost allocator call counts: calloc may call malloc, posix_memalign memalign,
 * operator new malloc, and all of them mmap.
 */
#ifndef TRACK_BPF_H
#define TRACK_BPF_H

#include "events.bpf.h"
#ifdef MEMLEAK_OLD
#include "live_hash.bpf.h"
#else
#include "live.bpf.h"
#endif
#include "live_count.bpf.h"
#include "profile.bpf.h"
#include "sample.bpf.h"
#include "stack_table.bpf.h"
#include "trap.bpf.h"
#include "unwind.bpf.h"
#include <bpf/bpf_core_read.h>

#define SIZE_OVERFLOW (~0ULL)

/*
 * A program that brings thousands of stacks at once (a JVM that starts, through code that is not
 * known yet) would fill the ring with them before user space comes to read. Figures depend on the
 * notifications of mappings, which are small: these have the last eighth for themselves. The rest
 * of a stack makes do with three quarters: without it a stack is cut, and counted as that.
 */
#define EVENTS_FOR_STACKS (EVENTS_SIZE / 8 * 7)
#define EVENTS_FOR_RESTS (EVENTS_SIZE / 4 * 3)

/* Tell user space about a new stack, so that it is resolved while what it points to is mapped. */
static __always_inline void track_new_stack(struct workspace *work, __u64 key)
{
	__u32 depth = work->stack.trace.head.depth;

	work->stack.type = EVENT_STACK;
	work->stack.key = key;
	if (depth > MEMLEAK_MAX_DEPTH)
		return;
	if (events_unread() > EVENTS_FOR_STACKS ||
	    bpf_ringbuf_output(&events, &work->stack,
			       offsetof(struct stack_event, trace.pc) + depth * sizeof(__u64), 0))
		stat_inc(STAT_EVENT_LOST);
}

/* Send the rest of the stack along. The larger piece may reach beyond the stack's end. */
static __always_inline void track_stack_rest(struct workspace *work, __u64 key)
{
	struct stack_rest *rest;
	__u32 last = work->walk.depth - 1;
	__u64 pc;

	if (last >= MEMLEAK_MAX_DEPTH || events_unread() > EVENTS_FOR_RESTS)
		return;
	pc = work->stack.trace.pc[last];
	rest = bpf_ringbuf_reserve(&events, sizeof(*rest), 0);
	if (!rest) {
		stat_inc(STAT_EVENT_LOST);
		return;
	}
	rest->type = EVENT_STACK_REST;
	rest->key = key;
	rest->pc = PC_ADDR(pc);
	rest->sp = work->walk.sp;
	rest->fp = work->walk.fp;
	rest->interrupted = (pc & PC_INTERRUPTED) != 0;
	rest->pad = 0;
	if (!bpf_probe_read_user(rest->copy, STACK_REST_SIZE, (void *)rest->sp))
		rest->size = STACK_REST_SIZE;
	else if (!bpf_probe_read_user(rest->copy, STACK_REST_SIZE / 4, (void *)rest->sp))
		rest->size = STACK_REST_SIZE / 4;
	else if (!bpf_probe_read_user(rest->copy, STACK_REST_SIZE / 16, (void *)rest->sp))
		rest->size = STACK_REST_SIZE / 16;
	else
		rest->size = 0;
	bpf_ringbuf_submit(rest, 0);
}

/* Walk. Returns the stack's hash; slot->walk tells more. */
SUBPROGRAM __u64 track_walk(struct thread_slot *slot, __u64 ip, __u64 sp, __u64 fp)
{
	return slot ? unwind_walk(work_refer(slot), ip, sp, fp) : 0;
}

/* Did the walk come by an allocator function that has no entry probe? */
static __always_inline bool track_is_inner(struct thread_slot *slot)
{
	struct workspace *work = work_of(work_refer(slot));

	return work && work->walk.inner;
}

/* Enter the stack that was walked into the stack table. Returns its key, 0 when that is full. */
SUBPROGRAM __u64 track_stack(struct thread_slot *slot, __u64 hash)
{
	__u64 entered = stack_enter(hash);
	struct workspace *work;
	__u32 key = entered;

	if (!slot)
		return 0;
	work = work_of(work_refer(slot));
	if (!work)
		return 0;
	if (work->stack.trace.head.end == WALK_FAULT)
		stat_inc(STAT_STACK_FAULT);
	if (entered & STACK_NEW)
		unwind_frames(work_refer(slot));
	if (entered & STACK_NEW && !stack_store(key, &work->stack.trace)) {
		track_new_stack(work, key);
		if (work->walk.end == WALK_NO_MAPPING)
			track_stack_rest(work, key);
	}
	return key;
}

/* No allocator goes deeper than this within one call. */
#define NESTING_SPAN (256 << 10)

/*
 * Is a call that begins with stack pointer sp made from within the pending one?
 * The pending call's frame lies above it, and its return address is still in place: the kernel's
 * return trampoline, or the caller where there is no return probe. An exception, a longjmp or a
 * stack switch leaves the slot behind; then it is stale.
 */
SUBPROGRAM bool track_nested(const struct pending_call *call, __u64 sp)
{
#ifdef __TARGET_ARCH_x86
	struct task_struct *task = current_task();
	__u64 ra = 0;

	if (!call || call->sp < sp || call->sp - sp > NESTING_SPAN)
		return false;
	if (bpf_probe_read_user(&ra, sizeof(ra), (void *)call->sp))
		return false;
	if (call->cookie & (PROBE_COOKIE_BY_EXIT | PROBE_COOKIE_BY_POINT))
		return ra == call->ra;
	if (!bpf_core_field_exists(((struct xol_area *)0)->vaddr))
		return true;
	return ra == BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr);
#else
	return call && call->sp > sp && call->sp - sp <= NESTING_SPAN;
#endif
}

/* The old block of a realloc is gone. False: so it was already, and was counted. */
static __always_inline bool track_drop_old(const struct pending_call *call)
{
	live_recount(call->ptr, -1);
	return live_give_up(call);
}

/* The pending call never returned. What became of a realloc's old block is not known. */
static __always_inline void track_abandon(struct thread_slot *slot)
{
	struct pending_call *call = &slot->call;

	stat_inc(STAT_ABANDONED);
	if (call->has_old) {
		profile_look(slot);
		if (track_drop_old(call)) {
			stat_inc(STAT_LOST_REALLOC);
			profile_old_gone(slot, true);
		}
	}
	trap_leave(call);
	call->active = 0;
	call->has_old = 0;
}

/*
 * Argument n of the probed function. All are loaded first: the verifier refuses a load at a
 * chosen offset of the context, which is what the compiler makes of a switch.
 */
static __always_inline __u64 track_arg(struct pt_regs *ctx, __u32 n)
{
	__u64 a1 = PT_REGS_PARM1(ctx), a2 = PT_REGS_PARM2(ctx), a3 = PT_REGS_PARM3(ctx);
	__u64 a4 = PT_REGS_PARM4(ctx), a5 = PT_REGS_PARM5(ctx);

	barrier_var(a1);
	barrier_var(a2);
	barrier_var(a3);
	barrier_var(a4);
	barrier_var(a5);
	return n == 1 ? a1 : n == 2 ? a2 : n == 3 ? a3 : n == 4 ? a4 : n == 5 ? a5 : 0;
}

/* a * b, or SIZE_OVERFLOW; by halves, as BPF has no 128-bit product. */
static __always_inline __u64 track_product(__u64 a, __u64 b)
{
	__u64 small = a < b ? a : b, large = a < b ? b : a, high, low;

	if (small >> 32)
		return SIZE_OVERFLOW;
	high = small * (large >> 32);
	low = small * (large & 0xffffffff);
	if (high >> 32 || (high << 32) + low < low)
		return SIZE_OVERFLOW;
	return (high << 32) + low;
}

/*
 * Does the call end one block and begin another? With a sample by bytes resizing does, too: what
 * the chance was that a block is recorded has to follow from its size. So it does in a profile,
 * where each byte comes and goes with its block.
 */
static __always_inline bool track_replaces(__u64 cookie)
{
	__u32 op = PROBE_COOKIE_OP(cookie);

	return op == PROBE_OP_REALLOC ||
	       (op == PROBE_OP_RESIZE && (cfg.sample_digits || profile_is_on()));
}

/*
 * What becomes of a new block of that size: it is to be recorded, STAT_RECORDED, or the counter of
 * those that are left out. To be asked once for each allocation, at its entry or wherever else its
 * size is known: a sample goes on with each answer.
 */
SUBPROGRAM __u32 track_choose(struct thread_slot *slot, __u64 size)
{
	if (!slot)
		return STAT_NO_SLOT;
	if (size < cfg.min_size || size > cfg.max_size)
		return STAT_FILTERED;
	/* drawn, not counted off: a fixed stride would fall into step with the program */
	if (cfg.sample > 1 && bpf_get_prandom_u32() > 0xffffffffU / cfg.sample)
		return STAT_UNSAMPLED;
	if (cfg.sample_digits && !sample_holds(&slot->next_point, size))
		return STAT_UNSAMPLED;
	return STAT_RECORDED;
}

/*
 * Does a call that is left out need no return? Not when it calls nothing that is probed: whatever
 * does is a call of its own. Found out by reading its code, so believed until it is seen otherwise.
 */
static __always_inline bool track_is_leaf(__u64 cookie)
{
	return cookie & PROBE_COOKIE_LEAF && !state.nesting;
}

/* An allocator function is entered. False: its return does not matter. */
SUBPROGRAM bool track_begin(struct pt_regs *ctx, __u64 cookie)
{
	__u64 sp = PT_REGS_SP(ctx), size, count;
	struct pending_call *call;
	struct thread_slot *slot;
	__u32 counter;
	bool counted;

	barrier_var(sp); /* as in track_arg */
	slot = slot_get();
	if (!slot) {
		stat_inc(STAT_NO_SLOT);
		return false;
	}
	call = &slot->call;
	if (call->active) {
		/* at the same place, a tail call; but not of the function to itself: it threw */
		if (track_nested(call, sp) &&
		    !(call->sp == sp && call->cookie == cookie && cookie & PROBE_COOKIE_BY_EXIT)) {
			if (call->cookie & PROBE_COOKIE_LEAF)
				state.nesting = 1;
			return false;
		}
		track_abandon(slot);
	}
	size = track_arg(ctx, PROBE_COOKIE_SIZE(cookie));
	if (PROBE_COOKIE_COUNT(cookie)) {
		count = track_arg(ctx, PROBE_COOKIE_COUNT(cookie));
		size = track_product(size, count);
	}
	slot->last_free = 0;
	counter = track_choose(slot, size);
	if (counter != STAT_RECORDED && track_is_leaf(cookie)) {
		stat_inc(counter);
		return false;
	}
	if (!trap_enter(cookie, &counted))
		return false;
	call->counter = counter;
	call->sp = sp;
	call->cookie = cookie;
	call->ra = 0;
	if (cookie & PROBE_COOKIE_BY_EXIT)
		bpf_probe_read_user(&call->ra, sizeof(call->ra), (void *)sp);
	call->size = size;
	call->ptr = track_arg(ctx, PROBE_COOKIE_PTR(cookie));
	call->has_old = 0;
	call->counted = counted;
	call->met = call->begun = call->hits = 0;
	/*
	 * realloc gives the old address back before it returns, so another thread may own it by
	 * then: the block is held now, and put back if the call fails.
	 */
	if (track_replaces(cookie) && call->ptr && live_may_hold(call->ptr)) {
		call->old = live_hold(call->ptr, state.space & 255, &call->old_when);
		call->has_old = call->old != LIVE_NONE;
	}
	call->active = 1;
	return true;
}

/* -t: tell of an allocation that is recorded. */
SUBPROGRAM void track_tell(struct thread_slot *slot, __u64 addr, __u64 stack)
{
	struct event *e = cfg.trace ? event_reserve(EVENT_ALLOC) : NULL;

	if (!e)
		return;
	e->addr = addr;
	if (slot) {
		e->size = slot->call.size;
		e->entry = PROBE_COOKIE_ENTRY(slot->call.cookie);
	}
	e->stack = stack;
	bpf_ringbuf_submit(e, 0);
}

/* Enter a block into the live table; the pending call tells what it is. */
SUBPROGRAM void track_enter(struct thread_slot *slot, __u64 addr, __u64 stack)
{
	__u64 *count = stat_counter(STAT_RECORDED), birth;
	const struct pending_call *call;
	int done;

	if (!slot || !count)
		return;
	call = &slot->call;
	/* not bpf_ktime_get_ns, which takes longer than all the rest of this */
	birth = call->old_when ? LIVE_BIRTH(call->old_when) : bpf_jiffies64();
	live_recount(addr, 1);
	done = live_record(addr,
			   LIVE_WHAT(call->size, state.space, PROBE_COOKIE_ENTRY(call->cookie)),
			   LIVE_WHEN(stack, birth), count, &slot->was);
	if (profile_is_on() && done >= 0)
		profile_entered(slot, addr, stack, done > 0);
	if (done)
		live_recount(addr, -1); /* it was counted before, or is not there */
	if (done > 0)
		stat_inc(STAT_IMPLIED); /* handed out again: a free has escaped us */
	else if (done < 0)
		stat_inc(STAT_LOST_FULL);
}

/*
 * Record a new block at addr, 0: not known; (ip, sp, fp) are the caller's. old_when: of the block
 * that it continues, 0: none.
 */
SUBPROGRAM void track_record(struct thread_slot *slot, __u64 addr, __u64 ip, __u64 sp, __u64 fp)
{
	__u64 hash, stack;

	if (!slot)
		return;
	if (!addr) {
		stat_inc(STAT_LOST_READ);
		return;
	}
	live_prefetch(addr, state.space & 255);
	hash = track_walk(slot, ip, sp, fp);
	if (track_is_inner(slot))
		return; /* made from within an allocator function that has no entry probe */
	stack = track_stack(slot, profile_key(hash, slot->call.cookie));
	track_enter(slot, addr, stack);
	/* after the allocation: there are no more stacks than allocations */
	if (stack)
		stack_hit(stack);
	else
		stat_inc(STAT_STACK_FULL);
	track_tell(slot, addr, stack);
}

/* A call returned no memory. */
static __always_inline void track_failed(struct thread_slot *slot, __u64 ip, __u64 sp, __u64 fp)
{
	track_walk(slot, ip, sp, fp);
	if (!track_is_inner(slot))
		stat_inc(STAT_FAILED);
}

/* A realloc returned: settle what became of the old block. */
static __always_inline void track_settle_old(struct thread_slot *slot, bool moved)
{
	struct pending_call *call = &slot->call;

	if (!call->has_old)
		return;
	call->has_old = 0;
	if (!moved && call->size) {
		live_release(call);
		return;
	}
	profile_look(slot);
	/* realloc(p, 0) returning NULL has freed p */
	if (track_drop_old(call)) {
		stat_inc(STAT_FREED);
		profile_old_gone(slot, false);
	}
}

/* xallocx returned the block's real size: it grew, shrank or stayed in place. */
static __always_inline void track_resized(struct thread_slot *slot, __u64 real)
{
	if (real >= slot->call.size)
		live_resize(slot->call.ptr, state.space & 255, slot->call.size);
}

/* The calling thread's slot, if it is within an allocator function. */
static __always_inline struct thread_slot *track_pending(void)
{
	struct thread_slot *slot = slot_find();

	return slot && slot->call.active ? slot : NULL;
}

/* The pending call is over; (ip, sp) are its caller's. */
SUBPROGRAM int track_finish(struct pt_regs *ctx, struct thread_slot *slot, __u64 ip, __u64 sp)
{
	__u64 rc = PT_REGS_RC(ctx), addr = rc;
	struct pending_call *call;
	bool failed = !rc;
	__u32 op;

	if (!slot)
		return 0;
	call = &slot->call;
	op = PROBE_COOKIE_OP(call->cookie);
	call->active = 0;
	call->fp = PT_REGS_FP(ctx); /* loaded once: the compiler would merge later loads */
	trap_compare(call, rc, call->fp);
	trap_leave(call);
	if (op == PROBE_OP_RESIZE) {
		if (!track_replaces(call->cookie)) {
			track_resized(slot, rc);
			return 0;
		}
		failed = rc < call->size;
		addr = call->ptr;
	}
	if (op == PROBE_OP_ALLOC_OUT) {
		failed = rc != 0; /* the out pointer holds nothing of this call */
		addr = bpf_probe_read_user(&call->ptr, sizeof(addr), (void *)call->ptr) ? 0
											: call->ptr;
	}
	if (!call->has_old)
		call->old_when = 0;
	track_settle_old(slot, !failed);
	/* of other sizes: may be done with at the entry, when it is not known whether it fails */
	if (call->counter == STAT_FILTERED)
		stat_inc(STAT_FILTERED);
	else if (failed)
		track_failed(slot, ip, sp, call->fp);
	else if (call->counter != STAT_RECORDED)
		stat_inc(call->counter);
	else
		track_record(slot, addr, ip, sp, call->fp);
	return 0;
}

/* A return probe fires. */
static __always_inline int track_return(struct pt_regs *ctx)
{
	struct thread_slot *slot = track_pending();
	__u64 sp = PT_REGS_SP(ctx);

	if (!slot || slot->call.cookie & (PROBE_COOKIE_BY_EXIT | PROBE_COOKIE_BY_POINT))
		return 0;
#ifdef __TARGET_ARCH_x86
	if (sp != slot->call.sp + 8) /* ret has popped the return address */
		return 0;	     /* a nested call's return */
#else
	if (sp != slot->call.sp)
		return 0;
#endif
	track_finish(ctx, slot, PT_REGS_IP(ctx), sp);
	return 0;
}

/*
 * A return instruction of a function without return probe, or of one that it ends in, is about to
 * be executed. Others pass it too: stack pointer and return address tell whose it is.
 */
static __always_inline int track_exit(struct pt_regs *ctx)
{
	struct thread_slot *slot = track_pending();
	__u64 sp = PT_REGS_SP(ctx), ra = 0;

	if (!slot || slot->call.cookie & PROBE_COOKIE_BY_POINT ||
	    !(slot->call.cookie & PROBE_COOKIE_BY_EXIT) || sp != slot->call.sp)
		return 0;
	if (bpf_probe_read_user(&ra, sizeof(ra), (void *)sp) || ra != slot->call.ra)
		return 0;
	track_finish(ctx, slot, ra, sp + 8);
	return 0;
}

/* -t */
static __always_inline void track_tell_free(__u64 addr, __u64 cookie)
{
	struct event *e = cfg.trace ? event_reserve(EVENT_FREE) : NULL;

	if (!e)
		return;
	e->addr = addr;
	e->entry = PROBE_COOKIE_ENTRY(cookie);
	bpf_ringbuf_submit(e, 0);
}

/*
 * A block is freed. Counted at entry, never at return: by then the address may be another thread's.
 */
SUBPROGRAM int track_free(struct pt_regs *ctx, __u64 cookie)
{
	__u64 addr = track_arg(ctx, PROBE_COOKIE_PTR(cookie));
	struct thread_slot *slot;
	bool freed;

	if (!addr)
		return 0;
	/* a block that is not there is not in the sample, as a rule: nothing to tell, nothing to do
	 */
	if (live_is_sample()) {
		if (!live_may_hold(addr) || !live_remove(addr, state.space & 255))
			return 0;
		live_recount(addr, -1);
		stat_inc(STAT_FREED);
		track_tell_free(addr, cookie);
		return 0;
	}
	live_prefetch(addr, state.space & 255); /* it comes while the slot is looked up */
	slot = slot_get();
	if (!slot) {
		stat_inc(STAT_NO_SLOT);
		return 0;
	}
	freed = profile_is_on() ? profile_free(slot, addr) : live_remove(addr, state.space & 255);
	if (freed)
		stat_inc(STAT_FREED);
	else if (slot->last_free != addr && /* handed on: delete to free, a wrapper to libc */
		 !(slot->call.active && track_nested(&slot->call, PT_REGS_SP(ctx))))
		stat_inc(STAT_UNTRACKED_FREE);
	/* of two calls in a row the second is another one */
	slot->last_free = !freed && slot->last_free == addr ? 0 : addr;
	track_tell_free(addr, cookie);
	return 0;
}

#endif
