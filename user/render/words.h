/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words - sentences about a report that formats for people share. */
#ifndef RENDER_WORDS_H
#define RENDER_WORDS_H

#include <stddef.h>
#include <stdio.h>

struct report;
struct report_frame;
struct report_site;

#define WORDS_SIZE 256

/*
 * Why an empty report is empty: it must not read as "no leaks" when it is not that. Returns buf,
 * or NULL when there is nothing to say.
 */
const char *words__nothing(char buf[WORDS_SIZE], const struct report *r);
/* Processes that came of it are not in the report. Returns 0 when there is nothing to say. */
int words__children(FILE *out, const struct report *r);
/* "name (pid 12), 2026-11-22 08:00:00": what the report is of. In local time. Returns buf. */
const char *words__title(char buf[WORDS_SIZE], const struct report *r);
/* "stack": what sites are. */
const char *words__site_name(const struct report *r);
/* "61,440 bytes in 5 allocations outstanding, 1 stack". Returns buf. */
const char *words__total(char buf[WORDS_SIZE], const struct report *r);
/* "main (leak.c:9)": the function that a site is best told by, the innermost. Returns buf. */
const char *words__site(char buf[WORDS_SIZE], const struct report_site *site);
/* The same of the innermost function that is the program's own, if its lines are known. */
const char *words__place(char buf[WORDS_SIZE], const struct report_site *site);
/* Sentence i of what to take from the report, the most important first; NULL: there are no more. */
const char *words__verdict(char buf[WORDS_SIZE], const struct report *r, size_t i);
/* What a stack shows as its outermost frame when it is not all there; NULL: it is. */
const char *words__root(const struct report_site *site);
/* "main", "libx.so+0x1234", "0xdead": the name of a frame, written by escape. */
void words__frame(FILE *out, const struct report_frame *f, void (*escape)(FILE *, const char *));

/* Call fn for each thing that makes the report less than complete; what names hold is not escaped.
 */
void words__warnings(const struct report *r, void (*fn)(const char *sentence, void *arg),
		     void *arg);
#endif
