/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finding - a site as something to mend, for the formats that CI systems read: what has leaked of
 * it, or, where that is not known, what is outstanding; without what is suppressed.
 */
#ifndef RENDER_FINDING_H
#define RENDER_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/reach.h"

struct jsonout;
struct report;
struct report_frame;
struct report_site;

#define FINDING_MAX 5000 /* GitHub shows no more */
#define FINDING_FINGERPRINT_SIZE 33

/* How much of it there is. False: it is none. */
bool finding__sum(const struct report *r, const struct report_site *site, struct reach_sum *sum);
/* "leak" or "outstanding" */
const char *finding__rule(const struct report *r);
/* "6,000 bytes in 3 blocks leaked (outstanding when the program ended), allocated by f". */
void finding__message(FILE *out, const struct report *r, const struct report_site *site);
/*
 * Stays the same when addresses move and lines shift: made of the functions and objects of the
 * stack. Of several sites with the same one, each has its own: n is how many had it before.
 */
void finding__fingerprint(char buf[FINDING_FINGERPRINT_SIZE], const struct report_site *site,
			  uint64_t n);
/* How many of the sites before this one, of the first FINDING_MAX, have the same functions. */
uint64_t finding__same_before(uint64_t *hashes, size_t n, const struct report_site *site);
/* A value of JSON, of what fn writes. */
void finding__json(struct jsonout *j, const char *key,
		   void (*fn)(FILE *out, const void *a, const void *b), const void *a,
		   const void *b);
#endif
