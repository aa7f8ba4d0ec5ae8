/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csv - cells for spreadsheets. */
#ifndef RENDER_CSV_H
#define RENDER_CSV_H

#include <stdio.h>

struct report_site;

/* The headings of csv__place. */
#define CSV_PLACE "entry,note,function,file,line,image,build_id,stack"
/* A comma and a cell each: what a site is. Returns 0 or -ENOMEM. */
int csv__place(FILE *out, const struct report_site *site);
/* A comma and a cell; s may be NULL. Returns 0 or -ENOMEM. */
int csv__string(FILE *out, const char *s);
#endif
