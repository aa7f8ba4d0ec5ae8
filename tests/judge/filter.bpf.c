// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The filter's evaluator on events of the tests' making: see filter.c.
 *
 * Arguments: the event's numbers in the order of enum filter_field, then whether there is a name.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct filter_event {
	void *ctx;
};

static __always_inline __u64 filter_event_number(__u64 field, const struct filter_event *e);
static __always_inline __u64 filter_event_name(const struct filter_event *e);

#include "filter.bpf.h"

char LICENSE[] SEC("license") = "GPL";

char name[256]; /* user space writes it */

static __u64 filter_event_number(__u64 field, const struct filter_event *e)
{
	switch (field) {
	case FILTER_BYTES_REQ:
		return FILTER_ARG(e->ctx, FILTER_BYTES_REQ);
	case FILTER_BYTES_ALLOC:
		return FILTER_ARG(e->ctx, FILTER_BYTES_ALLOC);
	case FILTER_GFP_FLAGS:
		return FILTER_ARG(e->ctx, FILTER_GFP_FLAGS);
	case FILTER_ORDER:
		return FILTER_ARG(e->ctx, FILTER_ORDER);
	default:
		return FILTER_ARG(e->ctx, FILTER_CALL_SITE);
	}
}

static __u64 filter_event_name(const struct filter_event *e)
{
	return FILTER_ARG(e->ctx, FILTER_N_EVENT_NUMBERS) ? (__u64)name : 0;
}

SEC("raw_tp")
int run(void *ctx)
{
	struct filter_event e = {ctx};

	return filter_match(&e);
}
