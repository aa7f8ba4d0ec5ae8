/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile - words on what --profile has counted, for people. Plain text: escaping is the caller's.
 */
#ifndef RENDER_PROFILE_H
#define RENDER_PROFILE_H

#include <stdio.h>

#include "render/words.h"
#include "report/profile.h"

struct report;
struct report_site;

/* "allocations in all": what a view counts. */
const char *render_profile__kind(enum report_view view);
/* "345 bytes in 12 allocations", with " in all" or the like: as the view has it. Returns buf. */
const char *render_profile__measure(char buf[WORDS_SIZE], struct report_measure m,
				    enum report_view view);
/* Of the process: a sentence without its stop; nothing if there is no profile. */
void render_profile__report(FILE *out, const struct report *r);
/* Of a site: all that the line with its measure does not say. */
void render_profile__site(FILE *out, const struct report *r, const struct report_site *site);
/* "under 4 ms: 120, under 8 ms: 3": lifetimes of freed blocks. Nothing if there are none. */
void render_profile__lived(FILE *out, const struct report *r, const struct report_profile *p);
/* What stacks are ordered by: "what is outstanding". */
const char *render_profile__order(enum report_view view);
#endif
