/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session - the BPF side of one trace: open, configure, load, attach, read, destroy.
 *
 * Everything in the kernel hangs on file descriptors of this object and goes with it.
 */
#ifndef SESSION_H
#define SESSION_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../bpf/memleak.h"

struct features;
struct linkset;
struct live_table;
struct profile_table;
struct session;
struct stack_table;

struct session_opts {
	pid_t pid;		     /* the target */
	pid_t anchor;		     /* a living thread of it, see links.h */
	bool started;		     /* the target is ours and has not called execve yet */
	uint64_t min_size, max_size; /* bytes */
	uint64_t sample;	     /* one allocation in so many */
	uint64_t sample_bytes;	     /* see bpf/sample.h, 0: not so */
	bool trace;
	uint64_t max_live;
	uint64_t max_stacks;
	uint32_t max_depth;
	bool frame_pointers; /* walk stacks by frame pointers only */
	bool profile;	     /* not on kernels before 5.15 */
	size_t unwind_rows;  /* room for so many rows of unwind tables */
	bool verbose;	     /* libbpf's messages on stderr */
};

/*
 * Load the programs and attach to what happens to the target itself (exec, exit, mappings).
 * *no_syscalls is set when mappings cannot be followed on this kernel.
 * Returns 0 or negative errno; -ENOMEM: the maps do not fit into memory.
 */
int session__new(const struct session_opts *opts, const struct features *f, struct session **out,
		 bool *no_syscalls);
void session__free(struct session *s); /* detaches everything */
/*
 * The target has ended, and all that it was told of has been read: make the session as good as new,
 * for another target with the same options. That takes a fraction of loading the programs again.
 * The target's probes match nobody any more; *left gets them, to be closed at leisure: each takes
 * the kernel tens of milliseconds. False: it cannot be used again, *left is as it was.
 */
bool session__reset(struct session *s, struct linkset *left);
/* The target of a session that has been reset. */
void session__retarget(struct session *s, pid_t pid, bool *no_syscalls);

enum session_site_kind {
	SESSION_POINT, /* where a function's result is known */
	SESSION_CALL,  /* a function that allocates: its entry and its return */
	SESSION_ENTER, /* entry only: its return instructions are sites of their own */
	SESSION_EXIT,  /* such a return instruction */
	SESSION_FREE,  /* a function that frees: its entry */
	SESSION_KINDS,
};

enum session_link {
	SESSION_LINK_NONE, /* not probed: the kernel refuses */
	SESSION_LINK_SESSION,
	SESSION_LINK_MULTI,
	SESSION_LINK_PERF,
	SESSION_LINK_UNUSED, /* no need to: the function is followed otherwise */
};

struct session_site {
	uint64_t offset; /* file offset; session__attach changes it to the one that was taken */
	uint64_t cookie; /* PROBE_COOKIE; a point's index */
	enum session_site_kind kind;
	uint8_t trap;		/* of a function that has points: its number, else 0 */
	const uint64_t *others; /* to be tried in turn should the kernel refuse offset; borrowed */
	size_t n_others;
	enum session_link link; /* set by session__attach */
	int err;		/* set when link is NONE: negative errno */
};
/*
 * Probe the functions of one file. path is resolved by the kernel now. The target may be at work:
 * what frees has to be probed before what allocates, in a call of its own, else a block could be
 * seen to come and not to go.
 * Returns the number of sites probed, or negative errno when none could be.
 */
int session__attach(struct session *s, const char *path, struct session_site *sites, size_t n);
/*
 * A function that can be followed by its points: see bpf/trap.bpf.h. Returns its number, for its
 * sites and their cookies; *first: index of the first of its points, one after the other. -ENOSPC:
 * there are too many, or none on this kernel. Both ways are attached, entry and return record.
 */
int session__add_trap(struct session *s, struct trap_point *points, size_t n, uint32_t *first);
struct trap *session__trap(struct session *s, int trap); /* shared with the BPF side */
/* The points are not to be trusted: entry and return stay. */
void session__drop_points(struct session *s, int trap);
/* The points record from now on, what has been entered before is finished by its return. */
void session__use_points(struct session *s, int trap);
/* Then: detach entry and return. False: not yet, a call is under way. */
bool session__drop_calls(struct session *s, int trap);
/* End the launch phase when the instruction at offset in the file is reached. */
int session__attach_entry(struct session *s, const char *path, uint64_t offset);
/* Stop the started program when it calls the function at offset in the file, which is _exit. */
int session__attach_exit(struct session *s, const char *path, uint64_t offset);
/*
 * The anchor has ended: bind to another living thread of the target. Returns 0 when nothing was
 * missed, 1 when the probes were silent until now, or negative errno.
 */
int session__reanchor(struct session *s, pid_t tid);
/*
 * A thread other than the main one has called execve and become the main one: bind to it. Returns 0
 * or negative errno.
 */
int session__rebind(struct session *s);
/* Stop recording: detach all probes, keep the maps. */
void session__detach(struct session *s);

/* The memory of the unwind maps, shared with the BPF side; *n: rows there is room for. */
struct unwind_row *session__unwind_rows(struct session *s, size_t *n);
struct unwind_seg *session__unwind_segs(struct session *s);
struct memleak_state *session__state(struct session *s);

/* The live table and the stack table, in memory shared with the BPF side. */
const struct live_table *session__live(const struct session *s);
const struct stack_table *session__stacks(const struct session *s);
/* What was counted for --profile; empty without. */
const struct profile_table *session__profile(const struct session *s);
int session__events_fd(const struct session *s);
uint32_t session__space(const struct session *s); /* LIVE_SPACE of the running program */
/* Has the BPF side stopped the started program since this was asked last? */
bool session__take_stop(struct session *s);
/* Was that because it has called _exit? The thread that did, or 0. */
pid_t session__take_exit(struct session *s);
uint32_t session__max_depth(const struct session *s);

struct session_stats {
	uint64_t sum[STAT_MAX];
	uint64_t missed; /* system calls of the target that the kernel told only half of */
	/* more calls that it may not have told of at all, or the like: they are counted for the
	 * whole machine; at most */
	uint64_t unsure;
};
/* Allocations that were to be recorded; those that could not be are counted by themselves. */
static inline uint64_t session__seen(const struct session_stats *stats)
{
	return stats->sum[STAT_RECORDED] + stats->sum[STAT_LOST_FULL] + stats->sum[STAT_LOST_READ];
}
/* Read all counters. */
void session__stats(const struct session *s, struct session_stats *stats);
/* Runs of the session's programs, and the time in them, where the kernel counts that; else 0. */
void session__runs(const struct session *s, uint64_t *runs, uint64_t *ns);
/* Has the kernel passed over anything, for whatever process, since session__forget_missed? */
bool session__passed_over(const struct session *s);
/* Count these from now on: what they told of is about to be read from the target's maps. */
void session__forget_missed(struct session *s);
/*
 * Read all counters and begin a new epoch, which is returned: the allocations that STAT_RECORDED
 * counts were born before it, all others in it.
 */
uint32_t session__next_epoch(struct session *s, struct session_stats *stats);

/* Blocks carry the kernel's jiffies at birth: see LIVE_BIRTH. */
struct session_clock {
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	uint64_t now;	 /* jiffies */
	uint64_t tick_ns;
};
/* Returns 0 or negative errno. */
int session__read_clock(struct session *s, struct session_clock *clock);
/*
 * The latest moment, CLOCK_MONOTONIC in ns, at which these can have been the jiffies; never later
 * than the clock was read. Up to two ticks earlier is possible, too.
 */
uint64_t session__time_of(const struct session_clock *clock, uint64_t jiffies);
/* All of the jiffies, of which blocks have the lower bits only. */
uint64_t session__ticks_of(const struct session_clock *clock, uint64_t jiffies);
#endif
