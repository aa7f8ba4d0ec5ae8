/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * expr - what makes a gate fail: the language of --fail-on.
 *
 *	leaked > 0
 *	bytes > 1MiB && growth > 10%
 *	allocs > 120% of baseline || count >= 5000
 *
 *	expression	comparisons joined by && and ||; && binds stronger
 *	comparison	QUANTITY OPERATOR NUMBER
 *	QUANTITY	leaked	bytes that have leaked
 *			leaks	blocks that have
 *			bytes	outstanding
 *			count	blocks outstanding
 *			stacks	that these have been allocated from
 *			allocs	allocations made, freed or not
 *			growth	of bytes, since the baseline
 *	OPERATOR	> >= < <= == !=
 *	NUMBER		digits, also with a fraction, and K, M, G, T or KiB, MiB, GiB, TiB behind
 *			them, powers of 1024; or "N% of baseline"; of growth: "N%" of the
 *			baseline's bytes
 *
 * All but allocs are without what is suppressed. Comparisons are exact: integers all the way.
 */
#ifndef GATE_EXPR_H
#define GATE_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/gate.h"

#define EXPR_MAX_LENGTH 1000
#define EXPR_MAX_TESTS 16

struct expr;

enum expr_quantity {
	EXPR_LEAKED,
	EXPR_LEAKS,
	EXPR_BYTES,
	EXPR_COUNT,
	EXPR_STACKS,
	EXPR_ALLOCS,
	EXPR_GROWTH,
	EXPR_QUANTITIES
};

/* The figures of a report. That of EXPR_GROWTH is not used: it follows from two of EXPR_BYTES. */
struct expr_figures {
	uint64_t value[EXPR_QUANTITIES];
	bool known[EXPR_QUANTITIES];
};

struct expr_error {
	size_t at; /* where in the text: up to its length */
	char text[200];
};

/* Returns 0, -EINVAL with *error, or -ENOMEM. */
int expr__parse(const char *text, struct expr **out, struct expr_error *error);
void expr__free(struct expr *e);
const char *expr__text(const struct expr *e);
bool expr__needs_baseline(const struct expr *e);
/*
 * Does it hold? GATE_FAIL: it does; GATE_PASS: it does not; GATE_UNSURE: that depends on figures
 * that are not known. base: NULL if there is none; what needs one is not known then. *decisive is
 * the quantity that decides, of several the first: of what holds, of what is not known, or of what
 * does not hold.
 */
enum gate_state expr__judge(const struct expr *e, const struct expr_figures *now,
			    const struct expr_figures *base, enum expr_quantity *decisive);
#endif
