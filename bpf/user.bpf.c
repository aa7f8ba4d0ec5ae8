/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * user - probes on allocator functions. Thin: what a call means is in track.bpf.h, which function
 * it is in the attach cookie.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#ifndef MEMLEAK_OLD
#include "point.bpf.h"
#endif
#include "track.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Entry and return as two probes: perf events, kernels before 6.13. */
SEC("?uprobe")
int alloc_enter(struct pt_regs *ctx)
{
	track_begin(ctx, attach_cookie(ctx));
	return 0;
}

SEC("?uretprobe")
int alloc_return(struct pt_regs *ctx)
{
	track_return(ctx);
	return 0;
}

#ifndef MEMLEAK_OLD
/*
 * Entry and return as one link (uprobe session, since 6.13); returning 1 from the entry saves the
 * return. At the return ip is the caller's, at the entry the function's own.
 */
SEC("?uprobe")
int alloc_session(struct pt_regs *ctx)
{
	if (PT_REGS_IP(ctx) == bpf_get_func_ip(ctx))
		return !track_begin(ctx, attach_cookie(ctx));
	track_return(ctx);
	return 0;
}

#endif

/* Functions that may throw: entry, and each return instruction. */
SEC("?uprobe")
int alloc_exit(struct pt_regs *ctx)
{
	track_exit(ctx);
	return 0;
}

SEC("?uprobe")
int block_free(struct pt_regs *ctx)
{
	track_free(ctx, attach_cookie(ctx));
	return 0;
}

#ifndef MEMLEAK_OLD
/* Where an allocation's result is known: the cookie is an index into trap_points. */
SEC("?uprobe")
int alloc_point(struct pt_regs *ctx)
{
	return track_point(ctx, attach_cookie(ctx));
}

/* The same for multi links: a program is loaded for one kind of link. */
SEC("?uprobe")
int alloc_enter_multi(struct pt_regs *ctx)
{
	track_begin(ctx, attach_cookie(ctx));
	return 0;
}

SEC("?uprobe")
int alloc_exit_multi(struct pt_regs *ctx)
{
	track_exit(ctx);
	return 0;
}

SEC("?uprobe")
int block_free_multi(struct pt_regs *ctx)
{
	track_free(ctx, attach_cookie(ctx));
	return 0;
}

SEC("?uprobe")
int alloc_point_multi(struct pt_regs *ctx)
{
	return track_point(ctx, attach_cookie(ctx));
}

#endif

/* The started program's entry point: all its libraries are mapped and initialised. */
SEC("?uprobe")
int program_entry(struct pt_regs *ctx)
{
	struct event *e;

	state.launching = 0;
	e = event_reserve(EVENT_ENTRY);
	if (e)
		bpf_ringbuf_submit(e, 0);
	return 0;
}
