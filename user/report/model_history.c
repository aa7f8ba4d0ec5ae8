/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/model_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Points that all histories together may have, unless that were less than SERIES_MIN each: 40 MiB.
 */
#define MAX_POINTS (1UL << 20)

void model_history__clear(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n_places; i++)
		series__clear(&m->places[i].series);
	series__clear(&m->whole);
	free(m->cohorts);
}

static void thin(struct model *m)
{
	size_t max = MAX_POINTS / (m->n_places + 1), i;
	uint8_t to[SERIES_MAX];

	if (max > SERIES_MAX)
		max = SERIES_MAX;
	if (max < SERIES_MIN)
		max = SERIES_MIN;
	if (m->axis.n < max)
		return;
	axis__thin(&m->axis, max, to);
	for (i = 0; i < m->n_places; i++)
		series__thin(&m->places[i].series, to);
	series__thin(&m->whole, to);
}

void model_history__start(struct model *m, uint64_t now_ns)
{
	axis__add(&m->axis, now_ns, &(struct series_until){0});
	if (series__begin(&m->whole, &m->axis)) /* then they begin with the first report */
		m->axis.n = 0;
}

void model_history__begin(struct model *m)
{
	uint64_t young = m->all_ages ? 0 : m->opts.older_ns;
	struct series_until until = {.ns = m->now_ns > young ? m->now_ns - young : 0};

	thin(m);
	axis__add(&m->axis, m->now_ns, &until);
	if (m->program_begins)
		m->axis.begun = m->axis.n - 1;
	m->program_begins = false;
}

/*
 * The tick that runs has not ended, and the age of what was born in one is between two values: what
 * is born two ticks earlier is old enough in any case.
 */
void model_history__ticks(struct model *m, uint64_t now, uint64_t tick_ns)
{
	uint64_t young = m->all_ages || !tick_ns ? 0 : m->opts.older_ns / tick_ns + 2;
	struct series_until *until = &m->axis.until[m->axis.n - 1];

	if (now > young && now - young > until->ticks)
		until->ticks = now - young;
}

int model_history__room(struct model *m)
{
	size_t n = m->axis.n, max;
	double *grown;

	if ((m->n_groups + 1) * n > m->max_cohorts) {
		max = m->max_groups * n;
		grown = reallocarray(m->cohorts, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		m->cohorts = grown;
		m->max_cohorts = max;
	}
	memset(m->cohorts + m->n_groups * n, 0, n * sizeof(*m->cohorts));
	return 0;
}

void model_history__add(struct model *m, uint32_t group, const struct model_block *b, double blocks)
{
	size_t cohort = axis__cohort(&m->axis, b->birth_ns, b->birth_ticks);

	if (cohort != SIZE_MAX)
		m->cohorts[group * m->axis.n + cohort] += blocks;
}

static int extend(struct model *m)
{
	size_t i;
	int err = series__begin(&m->whole, &m->axis);

	for (i = 0; !err && i < m->n_places; i++)
		err = series__begin(&m->places[i].series, &m->axis);
	for (i = 0; !err && i < m->n_groups; i++) {
		const double *found = m->cohorts + i * m->axis.n;

		err = series__found(&m->places[m->groups[i].place].series, &m->axis, found);
		if (!err)
			err = series__found(&m->whole, &m->axis, found);
	}
	return err;
}

static int judge(struct model *m, struct place *p, struct report *r)
{
	int err = site_verdict__find(&m->axis, &p->series, m->opts.started, &p->verdict);
	uint64_t *sum = &r->verdicts[p->verdict.kind].bytes;

	*sum = model__add_up(*sum, p->now.bytes);
	r->verdicts[p->verdict.kind].stacks++;
	sum = &r->verdicts[p->verdict.kind].bytes_per_hour;
	*sum = model__add_up(*sum, p->verdict.bytes_per_hour);
	return err;
}

static int copy_times(const struct series_axis *axis, struct report *r)
{
	size_t i;

	r->history_ns = calloc(axis->n, sizeof(*r->history_ns));
	if (!r->history_ns)
		return -ENOMEM;
	for (i = 0; i < axis->n; i++)
		r->history_ns[i] = axis->time_ns[i] - axis->time_ns[0];
	return 0;
}

int model_history__update(struct model *m, const uint32_t *list, size_t n, struct report *r)
{
	uint64_t bytes = 0, count = 0;
	size_t i;
	int err = extend(m);

	if (err)
		return err;
	for (i = 0; i < m->n_places; i++) {
		struct place *p = &m->places[i];
		bool holds = p->now.snapshot == m->snapshot;

		series__set(&p->series, &m->axis, holds ? p->now.bytes : 0,
			    holds ? p->now.count : 0);
	}
	for (i = 0; !err && i < n; i++) {
		struct place *p = &m->places[list[i]];

		bytes = model__add_up(bytes, p->now.bytes);
		count = model__add_up(count, p->now.count);
		if (p->now.sum.count)
			err = judge(m, p, r);
		else /* in the list for its profile */
			p->verdict = (struct site_verdict){0};
	}
	series__set(&m->whole, &m->axis, bytes, count);
	if (!err)
		err = site_verdict__find(&m->axis, &m->whole, m->opts.started, &r->verdict);
	if (!err)
		err = model_history__copy(&m->axis, &m->whole, &r->history);
	return err ? err : copy_times(&m->axis, r);
}

static uint64_t whole_number(double x)
{
	return x < 1.8e19 ? (uint64_t)(x + 0.5) : UINT64_MAX;
}

int model_history__copy(const struct series_axis *axis, const struct series *s,
			struct report_history *h)
{
	double came = 0, alive = 0;
	size_t i;

	if (axis->n != s->first + s->n)
		return -EINVAL;
	h->bytes = calloc(s->n, sizeof(*h->bytes));
	h->count = calloc(s->n, sizeof(*h->count));
	if (!h->bytes || !h->count)
		return -ENOMEM;
	for (i = 0; i < s->n; i++) {
		h->bytes[i] = s->at[i].bytes;
		h->count[i] = s->at[i].count;
		came += s->at[i].came;
		alive += s->at[i].alive;
	}
	h->n = s->n;
	h->came = whole_number(came);
	h->freed = whole_number(came - alive);
	return 0;
}
