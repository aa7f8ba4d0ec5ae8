/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model - from outstanding blocks to a report: group, sort, cut to the top, compare with the last
 * one.
 *
 *   model__begin → model__add per block → model__finish
 *
 * The caller supplies frames of a stack on request, once per distinct stack key.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "report/report.h"

struct model;

struct model_opts {
	uint64_t older_ns; /* blocks younger than this only count as young; UINT64_MAX: none is */
	size_t top;	   /* sites to keep, 0: all */
	enum report_sort sort;
	bool show_blocks;	  /* -a */
	bool combined_only;	  /* -C: no ages, no age filter */
	bool lost_first;	  /* stacks with definitely lost blocks before the others */
	bool profile;		  /* --profile: model__add_profile will come */
	enum report_view view;	  /* what stacks are sorted by */
	struct sampling sampling; /* how the blocks were drawn */
	bool started;		  /* tracing began when the program did */
};

/* What the model needs to know of a stack. */
struct model_stack {
	struct report_frame *frames; /* malloc'ed with its strings; the model takes them over */
	size_t n_frames;
	bool lost;
	const char *cut; /* why the outermost frame was not reached, static; NULL: it was */
};
/*
 * Fill *out, which is all zero, for a stack key (never 0, which stands for a lost stack). Return 0
 * or negative errno, which model__finish passes on. An answer is asked for again only when it was
 * "lost".
 */
typedef int (*model_stack_fn)(uint64_t key, struct model_stack *out, void *arg);

struct model_block {
	uint64_t addr, size, birth_ns;
	uint64_t birth_ticks; /* by model__ticks, the same in each snapshot; 0: birth_ns is */
	uint64_t stack;	      /* key */
	const char *entry;    /* static name of the entry point; compared as a string */
	const char *note;     /* static or NULL */
	bool certain;	      /* never left out, whatever the sampling */
	enum reach_kind reach;
	struct reach_sum under; /* see report_site */
};

/* Keeps the history (growth) of one session; *opts is copied. NULL: no memory. */
struct model *model__new(const struct model_opts *opts, model_stack_fn fn, void *arg);
void model__free(struct model *m);
/* Tracing begins at now_ns, with nothing outstanding: the first point of all histories. */
void model__start(struct model *m, uint64_t now_ns);
/* A program, the first or by execve another one, begins to run: what comes now is from its start.
 */
void model__begin_program(struct model *m);
/* Start a snapshot taken at now_ns (CLOCK_MONOTONIC); all_ages: no age filter (target has ended).
 */
int model__begin(struct model *m, uint64_t now_ns, bool all_ages);
/*
 * What the counter shows that the births of blocks are told by, and the length of a tick. What
 * birth_ns is made of it may be off by a tick, another one in each snapshot: no way to find the
 * blocks again that were there before. Call it before model__add.
 */
void model__ticks(struct model *m, uint64_t now, uint64_t tick_ns);
int model__add(struct model *m, const struct model_block *b);
/*
 * With --profile: what a stack and entry point have allocated in all, whether or not there are
 * blocks of it.
 */
int model__add_profile(struct model *m, uint64_t stack, const char *entry,
		       const struct report_profile *profile);
/*
 * Build the report: sites, totals, deltas, sorted. Account, pid, comm, time, warnings are the
 * caller's to fill. Stacks with the same entry and the same frames (addr) after resolution become
 * one site, whatever their key; a site that was not there last time is new, even when it had been
 * before. 100,000 blocks take milliseconds: hashing, no quadratic step.
 * Frames are asked for the shown sites and for merging only once per key and session (cached).
 */
int model__finish(struct model *m, struct report **r);
#endif
