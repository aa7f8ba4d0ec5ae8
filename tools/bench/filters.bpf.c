/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* filters - a program with a filter and one that does nothing, on the same event; see filters.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct filter_event {
	void *ctx; /* call_site, ptr, bytes_req, bytes_alloc, gfp_flags */
};

static __always_inline __u64 filter_event_number(__u64 field, const struct filter_event *e);
static __always_inline __u64 filter_event_name(const struct filter_event *e);

#include "filter.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

char name[] = "kmalloc-4k"; /* the event has none */
__u64 passed;

static __u64 filter_event_number(__u64 field, const struct filter_event *e)
{
	switch (field) {
	case FILTER_BYTES_REQ:
		return FILTER_ARG(e->ctx, 2);
	case FILTER_BYTES_ALLOC:
		return FILTER_ARG(e->ctx, 3);
	case FILTER_GFP_FLAGS:
		return FILTER_ARG(e->ctx, 4);
	case FILTER_CALL_SITE:
		return FILTER_ARG(e->ctx, 0);
	default:
		return 0;
	}
}

static __u64 filter_event_name(const struct filter_event *e)
{
	(void)e;
	return (__u64)name;
}

SEC("tp_btf/kmalloc")
int nothing(void *ctx)
{
	return 0;
}

SEC("tp_btf/kmalloc")
int filtered(void *ctx)
{
	struct filter_event e = {ctx};

	if (filter_match(&e))
		passed++;
	return 0;
}
