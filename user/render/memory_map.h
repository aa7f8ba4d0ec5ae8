/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_map - what the target's mappings held, by kind, as a section of a page. */
#ifndef RENDER_MEMORY_MAP_H
#define RENDER_MEMORY_MAP_H

#include <stdio.h>

struct report;

/* Nothing where it is not known. */
void html__memory_map(FILE *out, const struct report *r);
#endif
