/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screen_priv - the parts of screen among themselves. */
#ifndef TRIAGE_SCREEN_PRIV_H
#define TRIAGE_SCREEN_PRIV_H

#include "triage/screen.h"

struct screen {
	FILE *out;
	const struct history *h;
	const struct verdict *v;
	struct screen_opts opts;
	size_t uses; /* lines about what memory is used for, if not all */
	bool slabs;  /* are caches that grow shown? */
};

void screen__heading(const struct screen *s, const char *text);
/* A verdict in its column, coloured by how bad it is. */
void screen__verdict(const struct screen *s, enum trend_kind kind);
/* The growth over the samples, in a column as wide as at most width. */
void screen__spark(const struct screen *s, const double *values, enum trend_kind kind,
		   unsigned int width);
void screen__processes(const struct screen *s, size_t rows);
void screen__slabs(const struct screen *s, size_t rows);
void screen__segments(const struct screen *s, size_t rows);
/* What only --all shows. */
void screen__details(const struct screen *s);
#endif
