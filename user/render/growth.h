/* SPDX-License-Identifier: GPL-2.0-or-later */
/* growth - verdicts in words, and histories as curves. */
#ifndef RENDER_GROWTH_H
#define RENDER_GROWTH_H

#include <stdbool.h>
#include <stdio.h>

#include "render/words.h"

struct report;
struct report_history;
struct report_site;
struct site_verdict;

/*
 * "1 stack leaks: 12.4 MiB/h at app.c:31 (98 %)": what the verdicts come to. Not escaped. Returns
 * buf, or NULL where there is none: a single report.
 */
const char *growth__sentence(char buf[WORDS_SIZE], const struct report *r);
/*
 * "leaking: grows steadily, nothing freed (98 %), 12.4 MiB/h". Returns buf, or NULL: seen in too
 * few reports.
 */
const char *growth__verdict(char buf[WORDS_SIZE], const struct site_verdict *v);

/* As characters, a blank before. Nothing with less than three intervals: false. */
bool growth__spark(FILE *out, const struct report *r, const struct report_history *h);
/* As a small SVG picture; the same. */
bool growth__curve(FILE *out, const struct report *r, const struct report_history *h);
#endif
