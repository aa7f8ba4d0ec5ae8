/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* events - notifications to user space. */
#ifndef EVENTS_BPF_H
#define EVENTS_BPF_H

#include "maps.bpf.h"

/* Reserve a notification, or count it as lost. Submit with bpf_ringbuf_submit(e, 0). */
static __always_inline struct event *event_reserve(__u32 type)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		stat_inc(STAT_EVENT_LOST);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->type = type;
	e->tid = (__u32)bpf_get_current_pid_tgid();
	e->time_ns = bpf_ktime_get_ns();
	e->space = state.space;
	e->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	return e;
}

#endif
