/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_priv - what the files that implement trace share. */
#ifndef TRACE_PRIV_H
#define TRACE_PRIV_H

#include "trace.h"

#include "kernel_features.h"
#include "mappings.h"
#include "snapshot.h"
#include "status.h"
#include "target/proc.h"

struct trace {
	const struct trace_opts *opts;
	FILE *out;
	struct features features;
	struct proc_info proc;
	char *command;	     /* line of the target */
	struct spawn *spawn; /* NULL: attached to a running process */
	struct runas *runas; /* NULL: the command runs as we do */
	pid_t pid;
	struct session *session;
	struct addrspace *as;
	struct tables *tables; /* NULL: stacks are walked by frame pointers */
	struct traps *traps;   /* NULL: functions are probed at entry and return */
	struct attacher *attacher;
	struct symbolizer *sym;
	struct perfmap *jit;
	struct stacks *stacks;
	struct intervals *intervals;
	struct model *model;
	struct events *events;
	struct mappings mappings;
	struct snapshot snapshot;
	struct reconcile *reconcile;
	struct leakcheck *leakcheck;   /* NULL: not wanted */
	struct blockdump *dump;	       /* the same */
	struct exitpoints *exitpoints; /* of a started command, for these two */
	struct sources *sources;       /* NULL: no format shows source, or it cannot be read */
	struct status status;
	int pidfd, signals;
	uint64_t start_ns;
	uint64_t refreshed_ns; /* when the maps were read last */
	uint64_t n_reports;
	bool no_syscalls;
	bool announced;	     /* the line that says what is traced is out */
	bool entry_attached; /* of the program that runs now */
	bool need_anchor;
	bool hurry; /* to look again in a moment */
	bool ended; /* the target is gone */
	bool stop;  /* asked to stop */
	bool output_broken;
	bool file_failed; /* a report could not be written into a file */
	unsigned int n_signals;
};

/* Set everything up and attach, or start the command. A message has been printed on failure. */
int trace__set_up(struct trace *t);
void trace__tear_down(struct trace *t);

__attribute__((format(printf, 2, 3))) void trace__say(struct trace *t, const char *fmt, ...);
uint64_t trace__now_ns(void); /* CLOCK_MONOTONIC */
/* Look at the target's maps again: unwind tables and probes for what is new. */
void trace__refresh(struct trace *t);
void trace__update_tables(struct trace *t);
/* The line that says what is traced, once there is something to say. */
void trace__announce(struct trace *t);
void trace__on_event(const struct event *e, void *arg);
void trace__on_rest(const struct stack_rest *e, void *arg);
void trace__on_stack(const struct stack_event *e, void *arg);

#endif
