/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words - sentences about a difference that formats for people share. */
#ifndef DIFF_WORDS_H
#define DIFF_WORDS_H

#include <stddef.h>

#include "render/words.h"

struct diff;
struct diff_site;

/* "old.rec → new.rec": what is compared. Not escaped. Returns buf. */
const char *diff_words__title(char buf[WORDS_SIZE], const struct diff *d);
/* "+4,096 bytes, +1 allocations: from 61,440 bytes in 5 to 65,536 in 6". Returns buf. */
const char *diff_words__total(char buf[WORDS_SIZE], const struct diff *d);
/* "2 stacks new, 1 grown, 14 unchanged, 3 shrunk, 0 gone". Returns buf. */
const char *diff_words__kinds(char buf[WORDS_SIZE], const struct diff *d);
/* "new", "from 200 bytes in 2 allocations": what a site was. Returns buf. */
const char *diff_words__was(char buf[WORDS_SIZE], const struct diff_site *s);
#endif
