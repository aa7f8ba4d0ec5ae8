/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording - samples kept in a file: the texts as they were read, so that what is not understood
 *today can be tomorrow.
 *
 *	memleak-bpf triage recording 1
 *	sample SECONDS.NANOSECONDS		of CLOCK_BOOTTIME
 *	file NAME LENGTH			as in triage/history.h
 *	...					LENGTH bytes, and a newline behind them
 *	end					of the sample; what has none was cut off
 *
 * Lines that begin with anything else are left out by a reader; a change that readers of 1 would
 * misread gets another number.
 */
#ifndef TRIAGE_RECORDING_H
#define TRIAGE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct history;

#define RECORDING_MAGIC "memleak-bpf triage recording "

/* Writing: errors of out are seen by the caller, with ferror and fclose. */
void recording__begin(FILE *out);
void recording__sample(FILE *out, double seconds);
void recording__file(FILE *out, const char *name, const char *text, size_t len);
void recording__end(FILE *out);

/*
 * Read the rest, behind the first line first, into h. Returns 0 or negative errno: -EINVAL: no
 * recording of version 1; -EBADMSG: it makes no sense from line *line on. What came before is in h.
 * *cut: ends within a sample, which is left out as far as it can be.
 */
int recording__read(FILE *in, const char *first, struct history *h, size_t *line, bool *cut);
#endif
