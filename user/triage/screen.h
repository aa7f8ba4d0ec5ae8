/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen - what triage prints: verdicts first, then what memory is used for and who grows, then the
 * commands to go on with. 25 lines, or all there is.
 */
#ifndef TRIAGE_SCREEN_H
#define TRIAGE_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "render/palette.h"
#include "triage/verdict.h"

struct screen_opts {
	bool color;
	bool all;	  /* everything; else what fits on a small screen */
	unsigned int top; /* rows of a table: 0: as many as fit, or with all 10 */
	unsigned int columns;
};

void screen__print(FILE *out, const struct history *h, const struct verdict *v,
		   const struct screen_opts *opts);
/* The colour of a use, here and in drawings. */
enum hue screen__use_hue(enum use use);
/* The text of the header line, without a newline: also the title of pages. */
void screen__summary(FILE *out, const struct history *h);
#endif
