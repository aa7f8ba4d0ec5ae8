/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collect - a sample of this machine: the texts that triage/history.h lists, read one after the
 * other. What is missing here, or may not be read, is left out.
 */
#ifndef TRIAGE_COLLECT_H
#define TRIAGE_COLLECT_H

#include <stdbool.h>

#include "triage/sink.h"

struct collector;

/*
 * proc: "/proc". copy: it is a directory with copies of such files, of which nothing more can be
 * found out. NULL and errno: it cannot be opened.
 */
struct collector *collector__new(const char *proc, bool copy);
void collector__free(struct collector *c);
/*
 * One sample. last: also what takes longer and is wanted once, who has shared memory open and
 * attached. Returns 0, what the sink returned, or negative errno.
 */
int collector__sample(struct collector *c, bool last, const struct sink *sink);
#endif
