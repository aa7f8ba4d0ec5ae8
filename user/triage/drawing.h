/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drawing - triage as a picture (SVG) and as a page (HTML): what each part of memory and the first
 * ten processes hold, and their growth. */
#ifndef TRIAGE_DRAWING_H
#define TRIAGE_DRAWING_H

#include <stdio.h>

#include "triage/verdict.h"

void drawing__svg(FILE *out, const struct history *h, const struct verdict *v);
void drawing__html(FILE *out, const struct history *h, const struct verdict *v);
#endif
