/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bars - pictures made of characters: bars, stacked bars, sparklines, and the columns beside them.
 *
 * All write UTF-8 with block elements (U+2580–U+259F). Without colour the parts of a stacked bar
 * are told apart by a letter each.
 */
#ifndef RENDER_BARS_H
#define RENDER_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "render/palette.h"

/* Columns of the terminal behind out, at least 40; 100 if it is none. */
unsigned int bars__columns(FILE *out);

/* SGR sequences around something; nothing without colour. */
void bars__begin(FILE *out, bool color, enum hue hue);
void bars__bold(FILE *out, bool color);
void bars__dim(FILE *out, bool color);
void bars__end(FILE *out, bool color);

/*
 * A bar that fills share (0 to 1, what is beyond is cut) of width columns, to an eighth of a
 * column; padded with blanks to the full width. A share above 0 shows at least as the thinnest bar.
 */
void bars__bar(FILE *out, bool color, enum hue hue, double share, unsigned int width);

struct bars_part {
	double share; /* of the full width */
	enum hue hue;
	char letter; /* stands for it where there is no colour */
};
/* Parts side by side, each rounded so that all of them end where their sum does; padded. */
void bars__stack(FILE *out, bool color, const struct bars_part *parts, size_t n,
		 unsigned int width);

/* One column a value, of eight heights, low to high. NAN: a blank. Constant values lie on the
 * floor. */
void bars__spark(FILE *out, const double *values, size_t n);

/*
 * A column of text that a target may have chosen: escaped as render__escape does, cut in the middle
 * with "…" when it is too long, padded to width. right: aligned to the right.
 */
void bars__field(FILE *out, const char *s, unsigned int width, bool right);
#endif
