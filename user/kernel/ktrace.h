/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ktrace - one trace of the kernel's allocators, -k, to its last report. */
#ifndef KERNEL_KTRACE_H
#define KERNEL_KTRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "report/model.h"

struct gate;
struct outputs;

struct ktrace_opts {
	pid_t pid; /* only what this process allocates, 0: all */
	struct model_opts model;
	uint64_t min_size, max_size; /* bytes */
	uint64_t max_live, max_stacks;
	uint32_t max_depth;
	uint64_t stack_every; /* a stack for 1 in so many allocations */
	bool pages, percpu, vmalloc;
	const char *filter; /* -f, NULL: none */
	uint64_t dump;	    /* bytes, 0: no contents */
	const char *type;
	bool debuginfod; /* ask its servers for debug information that is not installed */
	uint64_t interval_s, count, duration_s; /* as in struct trace_opts */
	const struct outputs *outputs;		/* the model keeps what they show */
	struct gate *gate;			/* NULL: none */
	int verbose;
};

/* Reports go to out, messages to stderr. Returns the exit status. */
int ktrace__run(const struct ktrace_opts *opts, FILE *out);
#endif
