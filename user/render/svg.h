/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svg - shapes of an SVG 1.1 picture, and the page around it.
 *
 * Written as they are called for, in pixels, with classes for colours: they follow whether the
 * reader's screen is light or dark. All text is escaped: a name that a target chose can neither end
 * an element nor hold characters that XML 1.0 forbids.
 *
 *	page__open   svg__open … svg__close   page__table …   page__close
 *
 * or svg__open … svg__close alone for a file with a picture only.
 */
#ifndef RENDER_SVG_H
#define RENDER_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "render/palette.h"

enum svg_text {
	SVG_LABEL,   /* from x on */
	SVG_CENTER,  /* around x */
	SVG_RIGHT,   /* up to x */
	SVG_HEADING, /* from x on, larger and bold */
	SVG_NOTE,    /* from x on, pale */
};
#define SVG_CHAR_WIDTH 7.3 /* of a label's character, about: to see whether text has room */
#define SVG_LINE_HEIGHT 16

/* inside_page: part of a page, which has the styles. title: what screen readers say. */
void svg__open(FILE *out, double width, double height, const char *title, bool inside_page);
void svg__close(FILE *out);

/* opacity: 0 to 1. tip: shown when the pointer is over it, or NULL. */
void svg__rect(FILE *out, double x, double y, double w, double h, enum hue hue, double opacity,
	       const char *tip);
void svg__frame(FILE *out, double x, double y, double w, double h);    /* an outline */
void svg__line(FILE *out, double x1, double y1, double x2, double y2); /* an axis or a grid line */
/* A line through points; a point that is not finite interrupts it. */
void svg__curve(FILE *out, const double *x, const double *y, size_t n, enum hue hue);
/* y is the base line. */
void svg__text(FILE *out, double x, double y, enum svg_text style, const char *s);

void page__open(FILE *out, const char *title);
void page__close(FILE *out);
void page__heading(FILE *out, const char *s);
void page__text(FILE *out, const char *s); /* a paragraph */
/* A table: page__table_begin, then per line page__row with n cells, then page__table_end. */
void page__table_begin(FILE *out, const char *const *heads, size_t n);
/* Cells that begin with a digit or a sign before one are aligned to the right. */
void page__row(FILE *out, const char *const *cells, size_t n);
void page__table_end(FILE *out);
#endif
