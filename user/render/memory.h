/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory - a report's reconciliation with the growth of the target's memory, as text. */
#ifndef RENDER_MEMORY_H
#define RENDER_MEMORY_H

#include <stdio.h>

struct report;

/* A sentence, without a newline; nothing if it is not known. Returns whether something was written.
 */
int render_memory__sentence(FILE *out, const struct report *r);
/* What follows from it, likewise. */
int render_memory__verdict(FILE *out, const struct report *r);
#endif
