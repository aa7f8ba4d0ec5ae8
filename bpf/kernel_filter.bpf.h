/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* kernel_filter - what -f looks at, in the arguments of each form of event. */
#ifndef KERNEL_FILTER_BPF_H
#define KERNEL_FILTER_BPF_H

#include "kernel_maps.bpf.h"

/* Events by where their arguments are; see kernel.bpf.c. */
enum event_form {
	FORM_SIZED,
	FORM_SIZED_519,
	FORM_CACHE,
	FORM_CACHE_519,
	FORM_PAGES,
	FORM_PERCPU,
	FORM_PERCPU_OLD,
	FORM_VMALLOC,
};

struct filter_event {
	const __u64 *ctx;
	__u64 req, alloc; /* CACHE, PAGES */
	__u64 name;	  /* CACHE: address of its name */
	enum event_form form;
};

static __always_inline __u64 filter_event_number(__u64 field, const struct filter_event *e);
static __always_inline __u64 filter_event_name(const struct filter_event *e);

#include "filter.bpf.h"

/* The form is a constant in each program, so of all this one load remains. */
static __always_inline __u64 filter_event_number(__u64 field, const struct filter_event *e)
{
	switch (e->form) {
	case FORM_SIZED:
		return field == FILTER_BYTES_REQ     ? FILTER_ARG(e->ctx, 2)
		       : field == FILTER_BYTES_ALLOC ? FILTER_ARG(e->ctx, 3)
		       : field == FILTER_GFP_FLAGS   ? (__u32)FILTER_ARG(e->ctx, 4)
		       : field == FILTER_CALL_SITE   ? FILTER_ARG(e->ctx, 0)
						     : 0;
	case FORM_SIZED_519:
		return field == FILTER_BYTES_REQ     ? FILTER_ARG(e->ctx, 3)
		       : field == FILTER_BYTES_ALLOC ? FILTER_ARG(e->ctx, 4)
		       : field == FILTER_GFP_FLAGS   ? (__u32)FILTER_ARG(e->ctx, 5)
		       : field == FILTER_CALL_SITE   ? FILTER_ARG(e->ctx, 0)
						     : 0;
	case FORM_CACHE:
	case FORM_CACHE_519:
		return field == FILTER_BYTES_REQ     ? e->req
		       : field == FILTER_BYTES_ALLOC ? e->alloc
		       : field == FILTER_CALL_SITE   ? FILTER_ARG(e->ctx, 0)
		       : field != FILTER_GFP_FLAGS   ? 0
		       : e->form == FORM_CACHE	     ? (__u32)FILTER_ARG(e->ctx, 3)
						     : (__u32)FILTER_ARG(e->ctx, 5);
	case FORM_PAGES:
		return field == FILTER_BYTES_REQ || field == FILTER_BYTES_ALLOC ? e->alloc
		       : field == FILTER_GFP_FLAGS ? (__u32)FILTER_ARG(e->ctx, 2)
		       : field == FILTER_ORDER	   ? (__u32)FILTER_ARG(e->ctx, 1)
						   : 0;
	case FORM_PERCPU:
		return field == FILTER_BYTES_REQ     ? FILTER_ARG(e->ctx, 3)
		       : field == FILTER_BYTES_ALLOC ? FILTER_ARG(e->ctx, 8)
		       : field == FILTER_GFP_FLAGS   ? (__u32)FILTER_ARG(e->ctx, 9)
		       : field == FILTER_CALL_SITE   ? FILTER_ARG(e->ctx, 0)
						     : 0;
	case FORM_PERCPU_OLD:
		return field == FILTER_BYTES_REQ     ? FILTER_ARG(e->ctx, 2)
		       : field == FILTER_BYTES_ALLOC ? FILTER_ARG(e->ctx, 2) * cfg.n_cpus
						     : 0;
	default: /* FORM_VMALLOC */
		return field == FILTER_BYTES_REQ || field == FILTER_BYTES_ALLOC
			       ? FILTER_ARG(e->ctx, 1)
			       : 0;
	}
}

static __always_inline __u64 filter_event_name(const struct filter_event *e)
{
	return e->form == FORM_CACHE || e->form == FORM_CACHE_519 ? e->name : 0;
}

#endif
