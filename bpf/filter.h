/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * filter.h - a compiled event filter (-f): the ABI between user/kernel/filter.c and the programs.
 *
 * An expression becomes a graph of tests, each with the target that follows when it is true, and
 * when it is false. Targets only lead forward. The graph is constant when the programs are loaded:
 * the verifier follows it and removes everything else (bpf/filter_match.h).
 *
 * Includes nothing; include vmlinux.h or <linux/types.h> first. All zero: a filter that passes
 * every event.
 */
#ifndef FILTER_H
#define FILTER_H

#define FILTER_MAX_NODES 32 /* tests in a filter */
#define FILTER_MAX_TEXTS 8  /* different patterns */
#define FILTER_MAX_CGROUPS 8
#define FILTER_COMM_ROOM 16 /* a task's name with its NUL */
#define FILTER_NAME_ROOM 48 /* as much of a cache's name as is looked at, with a NUL */

/* What a test looks at. What an event does not have is 0, or empty. */
enum filter_field {
	FILTER_BYTES_REQ,
	FILTER_BYTES_ALLOC,
	FILTER_GFP_FLAGS,
	FILTER_ORDER,
	FILTER_CALL_SITE,
	FILTER_N_EVENT_NUMBERS, /* the ones before are the event's, the following the task's */
	FILTER_PID = FILTER_N_EVENT_NUMBERS, /* process, as the initial pid namespace numbers it */
	FILTER_TID,			     /* thread */
	FILTER_COMM_0, /* the 16 bytes of comm as two numbers in the machine's byte order */
	FILTER_COMM_8,
	FILTER_N_NUMBERS,
};

enum filter_test {
	FILTER_NUMBER,	  /* lo <= (field & mask) <= lo + span, unsigned */
	FILTER_COMM,	  /* comm matches pattern text[lo] */
	FILTER_NAME,	  /* the cache's name does */
	FILTER_IN_CGROUP, /* the task is in cgroup[lo], or in one below it */
};

/* Where to go on: one of these, or FILTER_NODE(index). */
#define FILTER_ACCEPT 0
#define FILTER_REJECT 1
#define FILTER_NODE(index) ((index) + 2)

/* Words, not bytes: what is not one load costs the running program an instruction for each mask. */
struct filter_node {
	__u64 test, field;
	__u64 mask, lo, span;
	__u64 yes, no;
};

/*
 * A pattern of up to 63 characters, classes and "?", with "*" between them, as the automaton that
 * has a bit for each state (Baeza-Yates and Gonnet, CACM 35, 10, 1992): in state i, i characters of
 * the pattern have been matched. accept[c]: states that the text's character c leads on from; stay:
 * states with a "*" behind them; last: the states that the text may end in.
 */
struct filter_text {
	__u64 accept[256];
	__u64 stay, last;
};

struct filter_prog {
	__u64 start;			  /* the first target */
	__u64 uses_name;		  /* some test looks at the cache's name */
	__u64 cgroup[FILTER_MAX_CGROUPS]; /* ids; 0: no more of them */
	struct filter_node node[FILTER_MAX_NODES];
	struct filter_text text[FILTER_MAX_TEXTS];
};

#endif
