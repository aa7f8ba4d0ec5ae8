/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report - what was outstanding at one moment: the only input of renderers, filters and
 * comparisons.
 *
 * Plain data, built by report/model. All strings belong to the report; 64-bit
 * counts; bytes and ns.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "report/estimate.h"
#include "report/gate.h"
#include "report/profile.h"
#include "report/reach.h"
#include "report/site_verdict.h"

struct report_frame {
	uint64_t addr;	/* return address as recorded; the same for inlined frames of one address */
	char *function; /* demangled; NULL: unknown */
	uint64_t offset; /* of addr from the function's start */
	char *file;	 /* base name of the source file; NULL: unknown */
	char *path;	 /* full source path; NULL: unknown */
	int line;	 /* 0: unknown */
	bool inlined;
	/* addr is where a signal came, or a coroutine starts: not the address behind a call */
	bool interrupted;
	char *image;	  /* base name of the object, or a label like "[vdso]"; NULL: unmapped */
	char *image_path; /* as the target sees it; NULL: not a file */
	char *build_id;	  /* of image, in hexadecimal; NULL: it has none */
	uint64_t image_vaddr;  /* ELF virtual address of addr in image */
	uint64_t image_offset; /* of addr in the file; 0 without image_path */
};

#define REPORT_MAX_CUTS 8

enum report_sort {
	REPORT_SORT_SIZE,
	REPORT_SORT_COUNT,
	REPORT_SORT_VERDICT, /* then by size */
};

/*
 * What was outstanding at the reports of the session, or at some of them if they were many: the
 * last n of the points that report.history_ns tells the times of. Before that it was nothing.
 */
struct report_history {
	uint64_t *bytes, *count;
	size_t n;
	/* blocks that were outstanding at any of the reports, and what has been freed of them */
	uint64_t came, freed;
};

struct report_block {
	uint64_t addr, size;
	uint64_t age_ns;
	uint64_t stands_for; /* blocks, with sampling; 1: itself */
	enum reach_kind reach;
};

/* Stacks of one verdict. */
struct verdict_tally {
	uint64_t stacks, bytes, bytes_per_hour;
};

#define REPORT_MAX_HOLDERS 8

/* With --by-whom: who holds blocks of a site that can still be reached. */
struct report_holder {
	char *root;	 /* "cache", a variable, "stack of thread 12", "a register", ... */
	uint64_t offset; /* in the variable, of a pointer that leads to them */
	char *file;	 /* that declares the variable; NULL: not known */
	int line;
	char *image; /* of the variable; NULL: it is none */
	char *way;   /* the blocks between on the shortest way, in words; NULL: there are none */
	uint64_t bytes, count; /* that it leads to */
};

/* One distinct stack (as resolved, so after cutting) and entry point, with what it holds. */
struct report_site {
	uint64_t bytes, count; /* outstanding; with sampling: estimates */
	uint64_t sampled;      /* blocks that these are from; all of them without */
	struct estimate_range bytes_range, count_range; /* nothing between: exact */
	int64_t bytes_delta, count_delta; /* growth since the last report; see report.has_delta */
	bool is_new;			  /* was not in the last report */
	uint64_t youngest_ns, oldest_ns;  /* ages */
	const char *entry;		  /* "malloc", "mmap", … static */
	const char *note;		  /* "thread stack", NULL … static */
	struct report_frame *frames; /* innermost first, inlined ones before their real function */
	size_t n_frames;
	bool stack_lost;       /* no frames: "[stack unavailable]" */
	const char *stack_cut; /* why the outermost frame was not reached, static; NULL: it was */
	char *detail;	       /* lines to follow the one with the entry point; NULL: none */
	char *after;	       /* lines to follow the stack and the blocks */
	char *source;	       /* lines of source around that of frames[source_frame]; NULL: none */
	uint64_t source_first; /* the number of the first of them */
	uint64_t source_frame;
	struct site_verdict verdict;
	struct report_history history;
	struct reach_sum reach[REACH_KINDS]; /* with --reach: they add up to bytes and count */
	struct report_holder *holders;	     /* of those still reachable, the most bytes first */
	size_t n_holders;
	struct reach_sum under; /* indirectly lost, from any stack, through these definitely lost */
	struct reach_sum leaked; /* by the report's gate: what of it has leaked, without: */
	struct reach_sum suppressed;
	uint64_t suppressor; /* from 1: the first of gate.suppressions that suppresses some; 0: none
			      */
	struct report_block *blocks; /* with -a: every block, largest first; else NULL */
	size_t n_blocks;
	struct report_profile *profile; /* with --profile; NULL: without, or no site of the heap */
};

/* Only some allocations are followed: whether a free is one of the others' nobody knows. */
#define REPORT_UNTRACKED_UNKNOWN UINT64_MAX

/*
 * seen = freed + gone_exec + outstanding + lost + unsampled holds exactly: see report__balance.
 * All in allocations.
 */
struct report_account {
	uint64_t seen;
	uint64_t freed;
	uint64_t outstanding;
	uint64_t lost_full;	  /* live map full */
	uint64_t lost_read;	  /* out pointer unreadable */
	uint64_t lost_realloc;	  /* realloc that never returned */
	uint64_t gone_exec;	  /* given up by execve: not in freed */
	uint64_t implied;	  /* part of freed: replaced by a newer block at the address */
	uint64_t found_free;	  /* part of freed: no event said so, but its allocator */
	uint64_t untracked_frees; /* of a sample, not known: 0; REPORT_UNTRACKED_UNKNOWN */
	uint64_t inherited_frees; /* of what a forked process had from its parent: not part of freed
				   */
	uint64_t failed, abandoned, no_slot;
	uint64_t filtered;  /* not part of seen */
	uint64_t unsampled; /* passed over: not in the sample */
	uint64_t stack_full, stack_fault;
	uint64_t event_lost;
	uint64_t event_missed;		      /* system calls that the kernel did not tell of */
	uint64_t event_unsure;		      /* more of them at most: of this or other processes */
	uint64_t stacks_complete, stacks_cut; /* of all allocations seen */
	bool stacks_sampled;		      /* only some have a stack; no words on the others */
	struct report_cut {
		const char *why; /* static */
		uint64_t count;
	} cuts[REPORT_MAX_CUTS]; /* stacks_cut by reason; count 0: unused */
	int64_t imbalance; /* counted frees - freed, beyond what can be in flight; 0 in a right
			      report */
};
static inline uint64_t report__lost(const struct report_account *a)
{
	return a->lost_full + a->lost_read + a->lost_realloc;
}

/*
 * How the target's memory has grown since tracing began, and by what. All in bytes; exactly
 * uss_delta = explained + headers + retained + arenas + stacks + anonymous + other - shrunk.
 */
struct report_memory {
	bool known;
	uint64_t uss; /* now: pages that no other process maps */
	int64_t uss_delta;
	uint64_t explained;		   /* by what is outstanding, but stacks */
	uint64_t headers;		   /* malloc's own words in front of these, and rounding */
	uint64_t retained;		   /* more in malloc's free lists than at first */
	uint64_t arenas;		   /* the rest of what malloc's arenas have grown by */
	uint64_t stacks, anonymous, other; /* of mappings, by kind */
	uint64_t shrunk;		   /* by what other mappings have become smaller */
	bool lists_known;		   /* free lists could be read: the allocator is glibc's */
	bool lists_at_least;		   /* not to their end */
	int64_t page_tables_delta;	   /* the kernel's, not in USS */
};

/* The target's mappings of one kind, in bytes. */
struct report_map {
	char *kind; /* "heap", "code" ... static, or of the file that it is from */
	uint64_t mappings, size;
	uint64_t held; /* in memory, swapped out, or in huge pages */
	uint64_t uss;  /* of these, in pages that no other process maps */
};
#define REPORT_MAX_MAP 24

/* What it has cost to know that. Of this run alone: not kept in recordings. */
struct report_cost {
	bool known;
	uint64_t cpu_ns;    /* that this tool has used, since it was started */
	uint64_t report_ns; /* that it took to make this report */
	/* Runs of the programs in the kernel, and the time in them, where that is counted: see
	 * kernel.bpf_stats_enabled. 0: it is not */
	uint64_t runs, run_ns;
};

/*
 * What was lost in ways that only -k has; warnings have it in words. Of this run alone: not kept in
 * recordings.
 */
struct report_missed {
	bool known;
	uint64_t allocations, frees; /* events that the kernel did not tell of */
	uint64_t stacks;	     /* not taken, as another one was being taken */
};

/* Where and how it was made; each NULL if unknown. */
struct report_origin {
	char *tool;    /* version of memleak-bpf */
	char *kernel;  /* release, as uname -r */
	char *machine; /* architecture, as uname -m */
	char *host;
	char *command; /* command line of the target, blanks between its words */
};

/* One of the processes that a report sums up. */
struct report_process {
	uint64_t pid, parent; /* parent 0: none of these */
	char *comm;
	char *command; /* command line, NULL: unknown */
	bool forked;   /* ran on from where its parent had forked it, to the end */
	bool ended;
	uint64_t bytes, count; /* outstanding */
	uint64_t seen, freed, lost, gone_exec;
	char *gap; /* what of it is not covered, a sentence without its stop; NULL: nothing */
};

struct report {
	pid_t pid;
	char *comm;
	struct report_origin origin;
	time_t time; /* wall clock of the snapshot */
	bool final;  /* last report of the session */
	bool target_ended;
	uint64_t bytes, count; /* shown sites and hidden ones: all that matches the age filter */
	uint64_t sampled;      /* blocks that these are from */
	struct estimate_range bytes_range, count_range;
	size_t n_stacks;       /* distinct sites behind bytes and count */
	const char *site_name; /* "call site": what sites are, if not stacks; static, or NULL */
	uint64_t young_bytes, young_count; /* outstanding but younger than older_ns */
	uint64_t older_ns;
	bool has_delta;
	int64_t bytes_delta, count_delta;
	struct sampling sampling;
	struct report_site *sites; /* sorted, at most top; with --profile empty ones, too */
	size_t n_sites;
	struct site_verdict verdict; /* on the whole */
	struct report_history history;
	uint64_t *history_ns; /* when its points were, since the first one */
	struct verdict_tally verdicts[VERDICT_KINDS]; /* of all stacks, by what was found of them */
	bool combined_only;
	struct report_reach reach;
	struct report_gate gate;
	struct report_account account;
	struct report_memory memory;
	struct report_cost cost;
	struct report_missed missed;
	struct report_map map[REPORT_MAX_MAP]; /* what holds most first */
	size_t n_map;			       /* 0: not known */
	uint64_t max_live,
		max_stacks; /* sizes of the tables, for the words on losses; 0: unknown */
	uint64_t most_live; /* what max_live can be at most */
	struct report_profile *profile; /* of the process, with --profile; NULL: without */
	enum report_view view;		/* that the sites are in the order of */
	size_t n_viewed;		/* with --profile: distinct sites with something in it */
	uint64_t tick_ns;		/* the unit of lifetimes */
	uint64_t peak_age_ns;		/* how long ago the process held most */
	bool partial; /* warnings say which part of the allocator is not followed */
	char *checks; /* lines to follow the account; NULL: none */
	/* with --follow */
	uint64_t children; /* processes that it has started since, and that are not traced */
	bool followed;	   /* of one process of several */
	struct report_process *processes; /* all of these together, in order of their beginning */
	size_t n_processes;
	char **warnings; /* each one a sentence: what happened and what to do */
	size_t n_warnings;
	char *text; /* of a report that was read from a file: all of its strings are in it */
};

void report__free(struct report *r);
/* Forget the lists of blocks. */
void report__drop_blocks(struct report *r);
/* Not for a report that has text. Append a copy of sentence to the warnings. Returns 0 or -ENOMEM.
 */
int report__warn(struct report *r, const char *sentence);
/* What seen exceeds the sum of what became of them by: 0 in a right report. */
int64_t report__balance(const struct report_account *a);

/*
 * So large a --max-live that next time none should be lost, a power of two: judged by the blocks
 * that are outstanding, or were lost and, as far as can be told, not freed since. most_live if that
 * is less; 0: it is not known, or the largest table is too small.
 */
uint64_t report__enough_live(const struct report *r);

/* Deep copy of n frames; *dst is freed with report_frames__free, NULL when n is 0. Returns 0 or
 * -ENOMEM. */
int report_frames__copy(const struct report_frame *src, size_t n, struct report_frame **dst);
void report_frames__free(struct report_frame *frames, size_t n);
#endif
