/* SPDX-License-Identifier: GPL-2.0-or-later */
/* figures - what conditions compare, taken from a report without what is suppressed in it. */
#ifndef GATE_FIGURES_H
#define GATE_FIGURES_H

#include "gate/expr.h"

struct report;
struct suppressions;

#define DOUBT_SIZE 160

/* Mark each site of the report (leaked, suppressed, suppressor), and sum up. s may be NULL. */
void figures__take(struct suppressions *s, struct report *r, struct expr_figures *out);
/*
 * Why less may have been seen than there is, in words that follow "it is not sure, because". NULL:
 * all was seen.
 */
const char *figures__doubt(char buf[DOUBT_SIZE], const struct report *r);
#endif
