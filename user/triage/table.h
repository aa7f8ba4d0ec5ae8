/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - things that come and go, each with some measurements over all samples.
 *
 * Rows are found by a key and keep their number; what else is known of a thing is the caller's, in
 * an array with the same numbers.
 */
#ifndef TRIAGE_TABLE_H
#define TRIAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/hashidx.h"

#define TABLE_METRICS 3
#define TABLE_MAX_ROWS (1u << 22)

struct table_row {
	char *key;
	double *values[TABLE_METRICS]; /* one for each sample, NAN where there is none */
};

struct table {
	struct table_row *row;
	size_t n, metrics;
	size_t samples; /* since the start */
	bool *complete; /* of each: table__complete() was called */
	/* Private. */
	size_t room, sample_room;
	struct hashidx index;
};

void table__init(struct table *t, size_t metrics);
void table__clear(struct table *t);
/* Another sample: all values of it are NAN yet. Returns 0 or -ENOMEM. */
int table__next_sample(struct table *t);
/* The current sample has all there are: a row without a value is not there, it holds nothing. */
void table__complete(struct table *t);
/* The row of a key; *is_new: it was made. Returns its number, or -ENOMEM, -ENOSPC. */
long table__row(struct table *t, const char *key, bool *is_new);
/* -ENOENT: there is none. */
long table__find(const struct table *t, const char *key);
/* In the last sample. */
void table__set(struct table *t, long row, size_t metric, double value);
void table__add(struct table *t, long row, size_t metric, double value); /* NAN counts as 0 */
double table__last(const struct table *t, long row, size_t metric);
/* A value as a measurement: 0 where the row was not there in a complete sample, NAN where that is
 * not known. */
double table__value(const struct table *t, long row, size_t metric, size_t sample);
/* Last such value less the first one; 0 if there are not two. */
double table__growth(const struct table *t, long row, size_t metric);
#endif
