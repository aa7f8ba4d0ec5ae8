/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session_priv - what the files that implement session share. */
#ifndef SESSION_PRIV_H
#define SESSION_PRIV_H

#include "session.h"

#include "kernel_features.h"
#include "linkset.h"
#include "live.h"
#include "profile.h"
#include "shared_map.h"
#include "stacks.h"

struct cookies;
struct object;

/* What was attached to a file, so that it can be attached again. */
struct probed_file {
	char *path;
	struct session_site *sites;
	size_t n;
};

#define SESSION_CALLS 4 /* system calls that are followed */

/* Runs of programs that the kernel passed over, for any process: at a call's beginning and end. */
struct passed_over {
	uint64_t begin[SESSION_CALLS], end[SESSION_CALLS], others;
	uint64_t calls; /* of the target, noticed by the other end */
};

struct session {
	struct passed_over missed_before; /* see session__forget_missed */
	struct object *object;
	struct cookies *cookies; /* of the probes, where the kernel has none */
	struct features features;
	pid_t pid, anchor;
	uint32_t max_depth;
	bool has_perf; /* the programs for perf events are loaded */
	bool no_syscalls;
	bool by_thread;	       /* the main thread is gone: perf events bound to another one */
	struct linkset links;  /* what concerns the target itself */
	struct linkset probes; /* in its files */
	struct probed_file *files;
	size_t n_files;
	struct shared_map rows, segs, live, stack_slots, stack_frames, stats, points, profiles;
	size_t n_points; /* of all functions */
	int n_traps;	 /* functions that have points; their numbers begin with 1 */
	struct live_table live_table;
	struct stack_table stack_table;
	struct profile_table profile;
	int n_cpus;
};

/* The file descriptor of a program, negative errno if it was not loaded. */
int session__program_fd(const struct session *s, const char *name);
/* Have the programs for perf events. Returns 0 or negative errno. */
int session__load_perf(struct session *s);
/* Can links of that type be had? */
bool session__has_links(const struct session *s, int attach_type);

#endif
