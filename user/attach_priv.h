/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach_priv - what the files that implement attach share. */
#ifndef ATTACH_PRIV_H
#define ATTACH_PRIV_H

#include "attach.h"

#include <stdint.h>

#include "placement.h"
#include "session.h"

/* A function that was found, and what has become of it. */
struct function {
	uint64_t offset; /* of its first instruction in its file */
	size_t entry;	 /* index into entry_points */
	struct placement at;
	uint64_t probe; /* vaddr in at.image */
	enum session_link link;
	int err;	      /* the kernel's reason when link is NONE */
	const char *left_out; /* why it needs no probe, or can have none; static */
	int trap;	      /* its number if it has points, else 0 */
	unsigned int missing; /* times in a row that its probe was not in memory */
};

/* A file with its functions. */
struct probed {
	const struct image *image;
	const char *kind;
	struct function *function;
	size_t n;
	bool current; /* belongs to the running program: see attacher__reset */
};

struct attacher {
	struct session *session;
	const struct addrspace *as;
	const struct allocators_opts *opts;
	const struct tables *left_out;
	struct traps *traps; /* NULL: functions are not looked at for points */
	FILE *explain;	     /* NULL: do not */
	struct probed *files;
	size_t n_files;
	bool stripped;
	size_t n_unreadable; /* functions whose returns were not found */
	char problem[512];
};

size_t attach__count(const struct probed *f); /* functions that are probed */
/* With -v: what has become of the functions from number first on, and why. */
void attach__explain(const struct attacher *a, const struct probed *f, size_t first);
/* Look at the probes in the target's memory; what attacher__problem returns. */
void attach__find_problems(struct attacher *a);

#endif
