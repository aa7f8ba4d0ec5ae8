/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate - what a report says of the conditions that were set (gate/gate.h judges): whether it
 * passed, and what of it was suppressed.
 */
#ifndef REPORT_GATE_H
#define REPORT_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "report/reach.h"

/* From good to bad. */
enum gate_state {
	GATE_NONE, /* there was no condition */
	GATE_PASS,
	GATE_UNSURE, /* would pass, but not all is known */
	GATE_FAIL,
	GATE_STATES
};

struct report_condition {
	char *expression;
	uint64_t state; /* enum gate_state */
	char *why;	/* the figures that decided, in words */
};

/* An entry of a suppressions file, also when it suppressed nothing. */
struct report_suppression {
	char *entry; /* "leak:pattern", or the name of one of Valgrind's */
	char *file;
	int line;
	uint64_t bytes, count, sites; /* what it suppressed */
};

/*
 * leaked: what has leaked and is not suppressed; meaning: in words what counts as leaked, or, where
 * that is not known, why not.
 */
struct report_gate {
	uint64_t state; /* enum gate_state, the worst of all conditions */
	char *verdict;	/* in one line; NULL: there was no condition */
	char *meaning;	/* NULL: nothing was asked */
	bool leaked_known;
	struct reach_sum leaked;
	uint64_t leaking_sites;
	struct report_condition *conditions;
	size_t n_conditions;
	struct report_suppression *suppressions;
	size_t n_suppressions;
	uint64_t skipped; /* entries for other tools than memcheck, or for no leaks */
	bool is_borrowed; /* the strings are somebody else's */
};

/* "none", "pass", "unsure", "fail": fit for programs. */
const char *gate_state__name(uint64_t state);
/* Free what it holds; it is empty then. */
void report_gate__clear(struct report_gate *g);
#endif
