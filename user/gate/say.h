/* SPDX-License-Identifier: GPL-2.0-or-later */
/* say - the words of a gate. All return malloc'ed strings, NULL: no memory. */
#ifndef GATE_SAY_H
#define GATE_SAY_H

#include "gate/expr.h"

struct report;

/* What counts as leaked in r; where that is not known: why not. */
char *say__meaning(const struct report *r);
/*
 * The figures that a condition was decided by. base: those to compare with; NULL: none. doubt: why
 * it cannot pass; NULL: it can, or does not.
 */
char *say__why(const struct report *r, enum expr_quantity decisive, const struct expr_figures *now,
	       const struct expr_figures *base, const char *doubt);
/* The verdict on r, whose conditions have been judged. */
char *say__verdict(const struct report *r);
#endif
