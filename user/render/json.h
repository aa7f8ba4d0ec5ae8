/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json - what is the same in JSON of reports and of differences. */
#ifndef RENDER_JSON_H
#define RENDER_JSON_H

struct jsonout;
struct report_origin;
struct report_site;

/* "origin": where a report is from. */
void json__origin(struct jsonout *j, const struct report_origin *o);
/* "stack_lost", "stack_cut" and "frames". */
void json__stack(struct jsonout *j, const struct report_site *site);
#endif
