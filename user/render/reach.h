/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach - verdicts on reachability in words, for the formats for people. */
#ifndef RENDER_REACH_H
#define RENDER_REACH_H

#include <stdio.h>

#include "render/words.h"
#include "report/reach.h"

struct report;

extern const char *const render_reach_kinds[REACH_KINDS]; /* "definitely lost" */

/* "definitely lost 32 bytes in 1 allocations (through them 128 bytes in 4), …". under: or NULL. */
void render_reach__kinds(FILE *out, const struct reach_sum *sums, const struct reach_sum *under);
/*
 * Of the whole report: what was found, and by what, or why nothing was. Not escaped. Returns 0: it
 * was not asked for.
 */
int render_reach__sentence(FILE *out, const struct report *r);
struct report_holder;
struct report_site;

/* "cache+0x8 (app.c:31) → table_new (hash.c:12) +0x10: 96 bytes in 3 allocations". Not escaped. */
void render_reach__holder(FILE *out, const struct report_holder *h);
/* What others hold than those of its holders that the site has: 0 of all without any. */
struct reach_sum render_reach__held_otherwise(const struct report_site *site);
/*
 * In short, what one wants to know first: "605 bytes in 12 allocations, most of it at keep_list
 * (service.c:12); 4,173 bytes in 2 can still be reached". Not escaped. NULL: there is no verdict,
 * or nothing to judge.
 */
const char *render_reach__lost(char buf[WORDS_SIZE], const struct report *r);
#endif
