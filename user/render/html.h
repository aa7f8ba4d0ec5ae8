/* SPDX-License-Identifier: GPL-2.0-or-later */
/* html - parts of a page that reports and differences share. */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include <stdio.h>

struct flame;
struct report_site;

/* From the beginning to the first heading, inside of <header>. */
void html__head(FILE *out, const char *title);
/* <tag class="class">text</tag>; class may be NULL. */
void html__element(FILE *out, const char *tag, const char *class, const char *text);
/* The call stack as a table, and why it is not all there. */
void html__stack(FILE *out, const struct report_site *site);
/* The flame graph as a section; what: a sentence on what widths and colours mean. */
void html__flame(FILE *out, const struct flame *f, const char *what);
#endif
