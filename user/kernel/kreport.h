/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kreport - what the kernel's allocators have outstanding now, as a report whose account balances.
 *
 * Sites are call sites, as every object names its own. Stacks are only taken of some objects: a
 * site shows the one that most of its outstanding objects have, and says where others come from.
 */
#ifndef KERNEL_KREPORT_H
#define KERNEL_KREPORT_H

#include <stdbool.h>

#include "report/model.h"

struct btf;
struct kallsyms;
struct klines;
struct kreport;
struct ksession;
struct report;

struct kreport_opts {
	struct model_opts model;
	bool by_stack;	      /* stacks were taken of all objects: each is a site of its own */
	bool selective;	      /* only some allocations are followed */
	uint64_t dump;	      /* bytes of contents to show of each object, 0: none */
	const char *type;     /* structure to print contents as, NULL: none */
	struct klines *lines; /* NULL: there are none */
};

/* All borrowed but *opts, which is copied. NULL: no memory. */
struct kreport *kreport__new(const struct kreport_opts *opts, struct ksession *session,
			     const struct btf *btf, const struct kallsyms *symbols);
void kreport__free(struct kreport *r);
/* Tracing begins at now_ns. */
void kreport__start(struct kreport *r, uint64_t now_ns);
/* Are objects found that were freed without an event? */
bool kreport__finds_dead(struct kreport *r);
/*
 * Between reports, now and then: objects that were freed without an event fill the table. Does
 * nothing as long as there is room enough. Returns 0 or negative errno.
 */
int kreport__tidy(struct kreport *r);
/* Returns 0 or negative errno; *out is the caller's. */
int kreport__take(struct kreport *r, struct report **out);
#endif
