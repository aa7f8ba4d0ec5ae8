/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate - the judgement of a gate, as text and as JSON. */
#ifndef RENDER_GATE_H
#define RENDER_GATE_H

#include <stdio.h>

struct jsonout;
struct report;
struct report_site;

/* Call fn for each line below the report: conditions where there are several, what is suppressed.
 */
void render_gate__lines(const struct report *r, void (*fn)(const char *line, void *arg), void *arg);
/* "suppressed 3400 bytes in 12 allocations by leak:foo (s.txt:3)"; nothing: nothing is. Names are
 * escaped. */
void render_gate__site(FILE *out, const struct report *r, const struct report_site *site);
/* The keys of a report, and of a site. */
void render_gate__json(struct jsonout *j, const struct report *r);
void render_gate__json_site(struct jsonout *j, const struct report *r,
			    const struct report_site *site);
#endif
