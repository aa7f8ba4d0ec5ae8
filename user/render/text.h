/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text - a stack as the text report has it. */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include <stdbool.h>
#include <stdio.h>

struct report_site;

/* A line for each frame, innermost first, and one that says why there are no more. */
void text__stack(FILE *out, bool color, const struct report_site *site);
#endif
