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
	bool started;	     /* its programs begin under trace, held while they are looked at */
	bool kin;	     /* came of the first one */
	bool forked; /* it has begun with a copy of its parent's memory, and not called execve */
	uint64_t inherited;    /* frees of what was in that, by the programs before */
	struct follow *follow; /* with --follow, whether it is the first or came of it */
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
	struct status *status;
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
	bool offsets_refused; /* and that has been said */
	bool file_failed;     /* a report could not be written into a file */
	unsigned int n_signals;
};

/* Set everything up and attach, or start the command. A message has been printed on failure. */
int trace__set_up(struct trace *t);
/* The session of one that came of the first is left to the caller. */
void trace__tear_down(struct trace *t);
/*
 * Trace a process that stands still, forked or at its first execve, of the family of another one:
 * all but opts, out, features, status, follow and pid of *t is 0. at_exec: its program has not run
 * yet. Returns 0 or negative errno, -ESRCH: it is gone; without a message.
 */
int trace__set_up_kin(struct trace *t, bool at_exec);
/* Take what the BPF side has told of since. */
void trace__drain(struct trace *t);
/*
 * It stands where the BPF side has stopped it: see to that. The caller lets it go on: if a thread
 * is returned, which has called _exit, that one alone (target/alone.h).
 */
pid_t trace__at_stop(struct trace *t);
/* Write a report to these. Returns 0 or negative errno of t->out. */
int trace__emit(struct trace *t, const struct outputs *outputs, const struct report *r);
/* Make a report, and hand it to whoever wants it. Returns 0 or negative errno of the output. */
int trace__report(struct trace *t, bool final);

__attribute__((format(printf, 2, 3))) void trace__say(struct trace *t, const char *fmt, ...);
uint64_t trace__now_ns(void); /* CLOCK_MONOTONIC */
/* Look at the target's maps again: unwind tables and probes for what is new. */
void trace__refresh(struct trace *t);
void trace__update_tables(struct trace *t);
/* Say, once, that --offset does not fit the program. */
void trace__say_offsets(struct trace *t);
/* The line that says what is traced, once there is something to say. */
void trace__announce(struct trace *t);
void trace__on_event(const struct event *e, void *arg);
void trace__on_rest(const struct stack_rest *e, void *arg);
void trace__on_stack(const struct stack_event *e, void *arg);

#endif
