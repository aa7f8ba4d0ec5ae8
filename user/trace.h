/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace - one tracing session from attaching to the last report. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "report/model.h"
#include "target/allocators.h"

struct gate;
struct outputs;

struct trace_opts {
	pid_t pid;	  /* trace this process, or 0: */
	char **command;	  /* start this one; NULL-terminated */
	const char *user; /* that it runs as, see target/runas.h; NULL: whoever called sudo */
	struct allocators_opts allocators;
	struct model_opts model;
	bool all_ages_at_end;	     /* no age filter once the target has ended */
	uint64_t min_size, max_size; /* bytes */
	uint64_t max_live, max_stacks;
	uint32_t max_depth;
	bool frame_pointers;	       /* walk stacks by frame pointers, without tables */
	bool perf_events;	       /* also where the kernel has better links: for tests */
	bool probes_pair;	       /* follow functions at entry and return, never inside */
	bool probes_point;	       /* inside where possible, without proof */
	bool trace_events;	       /* print each event */
	uint64_t interval_s;	       /* between reports, 0: only the last one */
	uint64_t count;		       /* reports, 0: no limit */
	uint64_t duration_s;	       /* 0: no limit */
	bool follow;		       /* what the target forks and executes, too */
	uint64_t follow_max;	       /* so many processes at once */
	uint64_t follow_live;	       /* max_live of each but the first */
	const struct outputs *outputs; /* the model keeps what they show; NULL: nobody writes any */
	struct gate *gate;	       /* judges each report, of which the model keeps all; NULL */
	bool debuginfod;
	int verbose;
	uint64_t dump;	       /* bytes of blocks that are shown, 0: none */
	bool list_blocks;      /* in the report; the model may have to keep them without */
	bool reach;	       /* tell which blocks can still be reached, in each report */
	bool reach_at_exit;    /* in the last one only, of a command that has exited */
	bool by_whom;	       /* and by whom it is held, which can be; needs all blocks */
	uint64_t confirm_ns;   /* by two looks so far apart, 0: by one */
	uint64_t max_pause_ns; /* that a look may stop a running target */
	uint64_t max_memory;   /* and take, 0: what is available */
};

/*
 * Trace until the target ends, count or duration is reached, or a signal asks to stop. Reports go
 * to out, messages to stderr. Returns the exit status: a started command's own, 0, or 1 after a
 * message; or that of the gate.
 */
int trace__run(const struct trace_opts *opts, FILE *out);
#endif
