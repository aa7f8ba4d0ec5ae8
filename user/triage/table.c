/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void table__init(struct table *t, size_t metrics)
{
	*t = (struct table){.metrics = metrics};
}

static void clear_row(struct table_row *row)
{
	size_t m;

	for (m = 0; m < TABLE_METRICS; m++)
		free(row->values[m]);
	free(row->key);
}

void table__clear(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		clear_row(&t->row[i]);
	free(t->row);
	free(t->complete);
	hashidx__clear(&t->index);
	table__init(t, t->metrics);
}

static int grow_samples(struct table *t)
{
	size_t room = t->sample_room ? t->sample_room * 2 : 8, i, m;
	bool *complete = reallocarray(t->complete, room, sizeof(*complete));

	if (!complete)
		return -ENOMEM;
	t->complete = complete;
	for (i = 0; i < t->n; i++) {
		for (m = 0; m < t->metrics; m++) {
			double **values = &t->row[i].values[m];
			double *grown = reallocarray(*values, room, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			*values = grown;
		}
	}
	t->sample_room = room;
	return 0;
}

int table__next_sample(struct table *t)
{
	size_t i, m;

	if (t->samples == t->sample_room && grow_samples(t))
		return -ENOMEM;
	for (i = 0; i < t->n; i++)
		for (m = 0; m < t->metrics; m++)
			t->row[i].values[m][t->samples] = NAN;
	t->complete[t->samples++] = false;
	return 0;
}

void table__complete(struct table *t)
{
	if (t->samples)
		t->complete[t->samples - 1] = true;
}

static bool has_key(const void *ctx, uint32_t idx, const void *key)
{
	const struct table *t = ctx;

	return !strcmp(t->row[idx].key, key);
}

static int make_room(struct table *t)
{
	size_t room = t->room ? t->room * 2 : 64;
	struct table_row *grown;

	if (t->n >= TABLE_MAX_ROWS)
		return -ENOSPC;
	if (t->n < t->room)
		return 0;
	grown = reallocarray(t->row, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->row = grown;
	t->room = room;
	return 0;
}

static int fill_row(const struct table *t, const char *key, struct table_row *row)
{
	size_t m, i;

	row->key = strdup(key);
	if (!row->key)
		return -ENOMEM;
	for (m = 0; m < t->metrics; m++) {
		row->values[m] = calloc(t->sample_room, sizeof(double));
		if (!row->values[m])
			return -ENOMEM;
		for (i = 0; i < t->samples; i++)
			row->values[m][i] = NAN;
	}
	return 0;
}

long table__row(struct table *t, const char *key, bool *is_new)
{
	uint64_t hash = hashidx__string(0, key);
	uint32_t found = hashidx__find(&t->index, hash, has_key, t, key);
	struct table_row row = {0};
	int err;

	*is_new = found == HASHIDX_NONE;
	if (!*is_new)
		return found;
	err = make_room(t);
	if (!err)
		err = hashidx__reserve(&t->index);
	if (!err)
		err = fill_row(t, key, &row);
	if (err) {
		clear_row(&row);
		return err;
	}
	hashidx__put(&t->index, hash, (uint32_t)t->n);
	t->row[t->n] = row;
	return (long)t->n++;
}

long table__find(const struct table *t, const char *key)
{
	uint32_t found = hashidx__find(&t->index, hashidx__string(0, key), has_key, t, key);

	return found == HASHIDX_NONE ? -ENOENT : (long)found;
}

void table__set(struct table *t, long row, size_t metric, double value)
{
	if (t->samples)
		t->row[row].values[metric][t->samples - 1] = value;
}

void table__add(struct table *t, long row, size_t metric, double value)
{
	double *to;

	if (!t->samples)
		return;
	to = &t->row[row].values[metric][t->samples - 1];
	*to = isnan(*to) ? value : *to + value;
}

double table__last(const struct table *t, long row, size_t metric)
{
	return t->samples ? t->row[row].values[metric][t->samples - 1] : NAN;
}

double table__value(const struct table *t, long row, size_t metric, size_t sample)
{
	double value = t->row[row].values[metric][sample];

	return isnan(value) && t->complete[sample] ? 0 : value;
}

double table__growth(const struct table *t, long row, size_t metric)
{
	double first = NAN, last = NAN;
	size_t i;

	for (i = 0; i < t->samples; i++) {
		double value = table__value(t, row, metric, i);

		if (isnan(value))
			continue;
		if (isnan(first))
			first = value;
		last = value;
	}
	return isnan(first) ? 0 : last - first;
}
