/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render - output formats. A format is one row in the table of render.c and one file.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stdio.h>

struct report;

struct render_opts {
	bool color; /* ANSI colour */
};

struct renderer {
	const char *name;
	/* Write the whole report. Returns 0 or negative errno (-EIO, -ENOSPC: out failed). */
	int (*emit)(FILE *out, const struct report *r, const struct render_opts *opts);
};

const struct renderer *renderer__find(const char *name); /* NULL: unknown */
extern const struct renderer render_text;

/* Write s with control characters and invalid UTF-8 as \xNN: targets choose their names. */
void render__escape(FILE *out, const char *s);
/* The same as text or attribute of XML 1.0 and HTML. */
void render__escape_xml(FILE *out, const char *s);
#endif
