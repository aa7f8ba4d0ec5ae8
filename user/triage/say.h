/* SPDX-License-Identifier: GPL-2.0-or-later */
/* say - findings in words: what was found, and what to type next. Names are escaped. */
#ifndef TRIAGE_SAY_H
#define TRIAGE_SAY_H

#include <stddef.h>
#include <stdio.h>

#include "triage/verdict.h"

#define SAY_SIZE 32

/* "1.2 MiB/s", with its sign; "per sample" where there is no time. Returns buf. */
const char *say__rate(char buf[SAY_SIZE], const struct history *h, double bytes);
/* "583.2 MiB"; of what is below 0 with a sign. Returns buf. */
const char *say__bytes(char buf[SAY_SIZE], double bytes);
/* "+9.6 MiB", "0 B" */
const char *say__change(char buf[SAY_SIZE], double bytes);
/* "40 s", "5.2 h", "3 days" */
const char *say__seconds(char buf[SAY_SIZE], double seconds);
/* "page cache" */
const char *say__use(enum use use);
/* "4312 (worker)", "key 0x09998877 (shmid 3, 32 MiB)", "kmalloc-4k" ... */
void say__subject(FILE *out, const struct history *h, const struct finding *f);
/* The rest of the sentence, behind the subject: " grows steadily: +1.2 MiB/s ..." */
void say__finding(FILE *out, const struct history *h, const struct finding *f);
/* One or two lines, each behind indent. */
void say__next(FILE *out, const struct history *h, const struct finding *f, const char *indent);
/* "created by pid 2558, 24 of 24 attachments in spp_worker" */
void say__segment(FILE *out, const struct history *h, const struct shm_segment *seg);
#endif
