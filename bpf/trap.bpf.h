/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * trap - which of a function's probes record its calls: entry and return, or its trap points.
 *
 * Both are there at first. A call is recorded by its return if it was entered while the mode was
 * not TRAP_ON, else by its points: so none is missed or counted twice when the mode changes. Once
 * no call that was entered before is left (inflight), user space takes entry and return away.
 */
#ifndef TRAP_BPF_H
#define TRAP_BPF_H

#include "events.bpf.h"

#ifndef MEMLEAK_OLD

static __always_inline struct trap *trap_of(__u64 cookie)
{
	return &state.trap[PROBE_COOKIE_TRAP(cookie)];
}

static __always_inline __u32 trap_mode(const struct trap *t)
{
	return *(volatile const __u32 *)&t->mode;
}

/*
 * A function is entered. False: its points will record the call. The call is counted as in flight
 * before the mode is read: user space changes the mode first and looks at the counter then.
 */
static __always_inline bool trap_enter(__u64 cookie, bool *counted)
{
	struct trap *t = trap_of(cookie);
	__u32 mode = trap_mode(t);

	*counted = false;
	if (!PROBE_COOKIE_TRAP(cookie) || mode == TRAP_OFF)
		return true;
	if (mode == TRAP_ON)
		return false;
	__sync_fetch_and_add(&t->inflight, 1);
	if (trap_mode(t) == TRAP_ON) {
		__sync_fetch_and_add(&t->inflight, -1);
		return false;
	}
	*counted = true;
	return true;
}

static __always_inline void trap_leave(struct pending_call *call)
{
	if (call->counted)
		__sync_fetch_and_add(&trap_of(call->cookie)->inflight, -1);
	call->counted = 0;
}

static __always_inline void trap_notify(__u64 cookie)
{
	struct event *e = event_reserve(EVENT_TRAP);

	if (!e)
		return;
	e->entry = PROBE_COOKIE_TRAP(cookie);
	bpf_ringbuf_submit(e, 0);
}

/* The points are wrong about something: they will not be used. */
static __always_inline void trap_refute(__u64 cookie)
{
	struct trap *t = trap_of(cookie);

	if (trap_mode(t) == TRAP_PROVE && !__sync_fetch_and_add(&t->wrong, 1))
		trap_notify(cookie);
}

/* A call returned ptr, with rbp as it was at the entry: did its points say so, once? */
SUBPROGRAM int trap_compare(const struct pending_call *call, __u64 ptr, __u64 fp)
{
	struct trap *t;

	if (!call || !call->counted)
		return 0;
	t = trap_of(call->cookie);
	if (trap_mode(t) != TRAP_PROVE)
		return 0;
	if (call->met != 1 || call->met_ptr != ptr || call->met_fp != fp ||
	    (ptr && call->met_size != call->size)) {
		trap_refute(call->cookie);
		return 0;
	}
	__sync_fetch_and_add(&t->hits, call->hits);
	if ((__sync_fetch_and_add(&t->calls, 1) + 1) % TRAP_PROOF_CALLS == 0)
		trap_notify(call->cookie);
	return 0;
}

#else /* there are no points */

static __always_inline bool trap_enter(__u64 cookie, bool *counted)
{
	*counted = false;
	return true;
}

static __always_inline void trap_leave(struct pending_call *call)
{
}

static __always_inline void trap_refute(__u64 cookie)
{
}

static __always_inline int trap_compare(const struct pending_call *call, __u64 ptr, __u64 fp)
{
	return 0;
}

#endif
#endif
