/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folded - a stack on one line. */
#ifndef RENDER_FOLDED_H
#define RENDER_FOLDED_H

#include <stdio.h>

struct report_site;

/* "outermost;...;innermost": ';' and what does not belong on a line come as \xNN. */
void folded__stack(FILE *out, const struct report_site *site);
#endif
