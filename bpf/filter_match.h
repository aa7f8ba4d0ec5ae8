/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * filter_match - does an event pass a compiled filter?
 *
 * All tests stand there one after the other, none in a loop: so the verifier knows, for each of
 * them, what the constant filter says, and removes the kinds of test that it is not, the tests that
 * there are not, and the jumps. What remains of `bytes_alloc == 4096` is a subtraction and two
 * comparisons.
 *
 * Includes nothing but filter.h. struct filter_event is whatever whoever includes this wants to
 * hand on to these, which he defines:
 *   FILTER_PROG		the struct filter_prog
 *   FILTER_FIELD(field, e)	value of one of enum filter_field
 *   FILTER_COMM_MATCHES(i)	does text pattern i match comm?
 *   FILTER_NAME_MATCHES(i, e)	or the name of the event's cache?
 *   FILTER_TASK_IN_CGROUP(i)	is the task in cgroup i of the filter?
 */
#ifndef FILTER_MATCH_H
#define FILTER_MATCH_H

#include "filter.h"

#ifdef __clang__
#define FILTER_PRAGMA(text) _Pragma(text)
#else
#define FILTER_PRAGMA(text)
#endif

struct filter_event;

/* Does a pattern match a text? A NUL ends it, which is within room characters. */
static __always_inline int filter_text_match(const volatile struct filter_text *p, const char *text,
					     __u32 room)
{
	__u64 state = 1;

	FILTER_PRAGMA("clang loop unroll(disable)")
	for (__u32 i = 0; i < room; i++) {
		__u8 c = text[i];

		if (!c)
			return (state & p->last) != 0;
		state = (state & p->accept[c]) << 1 | (state & p->stay);
		if (!state)
			return 0;
	}
	return 0;
}

static __always_inline bool filter_test(__u32 i, const struct filter_event *e)
{
	__u64 test = FILTER_PROG.node[i].test, value;

	if (test == FILTER_IN_CGROUP)
		return FILTER_TASK_IN_CGROUP(FILTER_PROG.node[i].lo);
	if (test == FILTER_COMM)
		return FILTER_COMM_MATCHES(FILTER_PROG.node[i].lo);
	if (test == FILTER_NAME)
		return FILTER_NAME_MATCHES(FILTER_PROG.node[i].lo, e);
	value = FILTER_FIELD(FILTER_PROG.node[i].field, e);
	value &= FILTER_PROG.node[i].mask;
	value -= FILTER_PROG.node[i].lo;
	return value <= FILTER_PROG.node[i].span;
}

static __always_inline bool filter_run(const struct filter_event *e)
{
	__u64 next = FILTER_PROG.start;

	if (next <= FILTER_REJECT)
		return next == FILTER_ACCEPT;
	FILTER_PRAGMA("clang loop unroll(full)")
	for (__u32 i = 0; i < FILTER_MAX_NODES; i++) {
		if (next != FILTER_NODE(i))
			continue;
		/* the ends are told apart on both ways: there they are constant */
		if (filter_test(i, e)) {
			next = FILTER_PROG.node[i].yes;
			if (next == FILTER_ACCEPT)
				return true;
			if (next == FILTER_REJECT)
				return false;
		} else {
			next = FILTER_PROG.node[i].no;
			if (next == FILTER_REJECT)
				return false;
			if (next == FILTER_ACCEPT)
				return true;
		}
	}
	return false;
}

#endif
