/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source - lines of source in a page. */
#ifndef RENDER_SOURCE_H
#define RENDER_SOURCE_H

#include <stdio.h>

struct report_site;

/* Nothing where there are none. */
void html__source(FILE *out, const struct report_site *site);
#endif
