/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Changes that do not matter, bytes in all: a few pages of a process, batches of counters. */
#define FLOOR_PROCESS (64u << 10)
#define FLOOR_SLAB (128u << 10)
#define FLOOR_USE (256u << 10)
#define FLOOR_UNACCOUNTED (8u << 20) /* per-CPU lists of free pages move by that much */
#define FLOOR_NAME_BYTES (1u << 20)
#define FLOOR_COUNT 1.5
#define MAX_TRENDS 64 /* rows of a table that are judged in any case */
#define SIDE_EFFECT                                                                                \
	0.05	     /* of what processes grow by: it takes so much page tables and the like       \
		      */
#define EXPLAINS 0.5 /* who has this share of the growth is the one */

static int by_growth(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	if ((a->trend.kind == TREND_GROWING) != (b->trend.kind == TREND_GROWING))
		return a->trend.kind == TREND_GROWING ? -1 : 1;
	if (a->growth != b->growth)
		return a->growth < b->growth ? 1 : -1;
	if (a->size != b->size)
		return a->size < b->size ? 1 : -1;
	return (a->row > b->row) - (a->row < b->row);
}

static int find_trend(const struct history *h, const struct table *t, long row, size_t metric,
		      double floor, struct trend *trend)
{
	double *values = calloc(h->samples + 1, sizeof(*values));
	size_t i;
	int err;

	if (!values)
		return -ENOMEM;
	for (i = 0; i < h->samples; i++)
		values[i] = table__value(t, row, metric, i);
	err = trend__find(h->times, values, h->samples, floor, trend);
	free(values);
	return err;
}

/* The rows that are there in the last sample. */
static int rank(const struct history *h, const struct table *t, size_t metric, double floor,
		struct ranking *ranking)
{
	size_t i;
	int err = 0;

	*ranking = (struct ranking){.at = calloc(t->n + 1, sizeof(*ranking->at))};
	if (!ranking->at)
		return -ENOMEM;
	for (i = 0; i < t->n; i++) {
		double size = table__last(t, (long)i, metric);

		if (isnan(size))
			continue;
		ranking->at[ranking->n++] = (struct ranked){
			.row = (long)i, .size = size, .growth = table__growth(t, (long)i, metric)};
	}
	qsort(ranking->at, ranking->n, sizeof(*ranking->at), by_growth);
	for (i = 0; !err && i < ranking->n; i++) {
		struct ranked *r = &ranking->at[i];

		/* Not those that do not matter: all pairs of all samples are looked at. */
		if (i >= MAX_TRENDS && fabs(r->growth) <= floor && h->samples > 4)
			r->trend.kind = TREND_FLAT;
		else
			err = find_trend(h, t, r->row, metric, floor, &r->trend);
	}
	/* Again, now that it is known what grows. */
	qsort(ranking->at, ranking->n, sizeof(*ranking->at), by_growth);
	return err;
}

static int find_uses(const struct history *h, struct verdict *v)
{
	double *less;
	size_t i;
	int u, err = 0;

	less = calloc(h->samples + 1, sizeof(*less));
	if (!less)
		return -ENOMEM;
	for (i = 0; h->uses.n && i < h->samples; i++)
		less[i] = -h->uses.row[USE_AVAILABLE].values[0][i];
	for (u = 0; h->uses.n && !err && u < USES; u++)
		err = trend__find(h->times, u == USE_AVAILABLE ? less : h->uses.row[u].values[0],
				  h->samples, u == USE_UNACCOUNTED ? FLOOR_UNACCOUNTED : FLOOR_USE,
				  &v->use[u]);
	free(less);
	return err;
}

static void add(struct verdict *v, const struct finding *finding)
{
	if (v->n < VERDICT_MAX_FINDINGS)
		v->finding[v->n++] = *finding;
}

static enum mechanism mechanism_of(const struct history *h, const struct ranked *r)
{
	double shmem = table__growth(&h->processes, r->row, PROCESS_SHMEM);
	double threads = table__growth(&h->processes, r->row, PROCESS_THREADS);

	if (shmem > EXPLAINS * r->growth)
		return GROWS_SHMEM;
	/* A thread touches a few pages of its stack at least: guard page, TLS, first frames. */
	if (threads >= 2 && r->growth < threads * 64 * (double)h->page_size &&
	    r->growth > threads * (double)h->page_size)
		return GROWS_THREADS;
	return GROWS_ANON;
}

static void find_processes(const struct history *h, struct verdict *v)
{
	double span = history__seconds(h), ticks = (double)sysconf(_SC_CLK_TCK);
	size_t i;

	for (i = 0; i < v->processes.n && v->n < VERDICT_MAX_PROCESSES; i++) {
		const struct ranked *r = &v->processes.at[i];
		const struct process *p = &h->process[r->row];
		struct finding f = {FOUND_PROCESS, .row = r->row, .trend = r->trend};

		if (r->trend.kind != TREND_GROWING || p->pid == h->self)
			continue;
		if (p->has_stat && h->timed && ticks > 0) {
			f.age = h->times[h->samples - 1] - (double)p->stat.start / ticks;
			f.young = f.age >= 0 && f.age < 2 * span;
		}
		f.mechanism = mechanism_of(h, r);
		add(v, &f);
	}
}

static void find_names(const struct history *h, struct verdict *v)
{
	size_t i;

	for (i = 0; i < v->names.n; i++) {
		const struct ranked *r = &v->names.at[i];
		struct finding f = {FOUND_NAME, .row = r->row};

		if (r->trend.kind != TREND_GROWING ||
		    table__growth(&h->names, r->row, NAME_OWN) < FLOOR_NAME_BYTES)
			continue;
		if (!find_trend(h, &h->names, r->row, NAME_OWN, FLOOR_NAME_BYTES, &f.trend) &&
		    f.trend.kind == TREND_GROWING)
			add(v, &f);
	}
}

/* Is it a process that has been named already? Then its shared memory has been, too. */
static bool is_named(const struct history *h, const struct verdict *v, const char *pid)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (v->finding[i].kind == FOUND_PROCESS &&
		    h->process[v->finding[i].row].pid == atoi(pid))
			return true;
	return false;
}

static void find_shmem(const struct history *h, struct verdict *v)
{
	const struct {
		enum holder holder;
		const struct table *table;
		const struct ranking *ranking;
	} all[] = {{HOLDER_CREATOR, &h->creators, &v->creators},
		   {HOLDER_FILES, &h->holders, &v->holders},
		   {HOLDER_MOUNT, &h->mounts, &v->mounts}};
	const struct trend *whole = &v->use[USE_SHMEM];
	double explained = 0;
	size_t i, k;

	for (i = 0; i < v->n; i++)
		if (v->finding[i].kind == FOUND_PROCESS)
			explained += table__growth(&h->processes, v->finding[i].row, PROCESS_SHMEM);
	for (k = 0; k < sizeof(all) / sizeof(*all); k++) {
		for (i = 0; i < all[k].ranking->n; i++) {
			const struct ranked *r = &all[k].ranking->at[i];
			const struct finding f = {FOUND_SHMEM, .row = r->row,
						  .holder = all[k].holder, .trend = r->trend};

			if (r->trend.kind != TREND_GROWING ||
			    (f.holder != HOLDER_MOUNT &&
			     is_named(h, v, all[k].table->row[r->row].key)))
				continue;
			explained += r->growth;
			add(v, &f);
		}
	}
	if (whole->kind == TREND_GROWING && explained < EXPLAINS * (whole->last - whole->first))
		add(v, &(struct finding){FOUND_SHMEM, .row = -1, .trend = *whole});
}

static int find_segments(const struct history *h, struct verdict *v)
{
	struct ranking attached;
	size_t i;
	int err = rank(h, &h->segments, SEGMENT_ATTACHED, FLOOR_COUNT, &attached);

	for (i = 0; !err && i < attached.n; i++) {
		const struct ranked *r = &attached.at[i];
		struct finding f = {FOUND_ATTACHMENT, .row = r->row, .trend = r->trend};

		if (r->trend.kind == TREND_GROWING)
			add(v, &f);
		if (h->segment[r->row].attached)
			continue;
		v->orphans++;
		v->orphan_bytes += table__last(&h->segments, r->row, SEGMENT_BYTES);
	}
	free(attached.at);
	return err;
}

/* The kernel's part of what processes take: mappings, page tables, threads. */
static bool is_side_effect(const struct verdict *v, double slope)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < v->n; i++)
		if (v->finding[i].kind == FOUND_PROCESS || v->finding[i].kind == FOUND_NAME)
			sum += v->finding[i].trend.slope;
	return slope < SIDE_EFFECT * sum;
}

static bool is_of_processes(const char *cache)
{
	static const char *const names[] = {
		"vm_area_struct", "vma_lock",	  "anon_vma",	   "maple_node",  "task_struct",
		"mm_struct",	  "signal_cache", "sighand_cache", "files_cache", "pid"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(cache, names[i], strlen(names[i])))
			return true;
	return false;
}

static void find_kernel(const struct history *h, struct verdict *v)
{
	/* The first two are what processes need. */
	static const enum use uses[] = {USE_PAGE_TABLES, USE_STACKS,  USE_VMALLOC,    USE_PERCPU,
					USE_HUGETLB,	 USE_SOCKETS, USE_UNACCOUNTED};
	bool any_slab = false;
	size_t i;

	for (i = 0; i < v->slabs.n; i++) {
		const struct ranked *r = &v->slabs.at[i];
		struct finding f = {FOUND_SLAB, .row = r->row, .trend = r->trend};

		const char *name = h->slab[r->row].name;

		if (r->trend.kind == TREND_GROWING &&
		    slabinfo__is_reclaimable(h->slab_links, h->slab_links_len, name) != 1 &&
		    !(is_of_processes(name) && is_side_effect(v, r->trend.slope))) {
			add(v, &f);
			any_slab = true;
		}
	}
	for (i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		struct finding f = {FOUND_USE, .row = uses[i], .trend = v->use[uses[i]]};

		if (f.trend.kind == TREND_GROWING && !(i < 2 && is_side_effect(v, f.trend.slope)))
			add(v, &f);
	}
	/* Many caches that each grow by little, or no rights to see which. */
	if (!any_slab && v->use[USE_SLAB].kind == TREND_GROWING)
		add(v, &(struct finding){FOUND_USE, .row = USE_SLAB, .trend = v->use[USE_SLAB]});
}

static void find_rest(struct verdict *v)
{
	struct trend *less = &v->use[USE_AVAILABLE];
	double sum = 0;
	size_t i;

	if (less->kind != TREND_GROWING)
		return;
	for (i = 0; i < v->n; i++)
		if (v->finding[i].kind != FOUND_ATTACHMENT)
			sum += v->finding[i].trend.slope;
	if (sum < EXPLAINS * less->slope)
		add(v, &(struct finding){FOUND_AVAILABLE, .row = USE_AVAILABLE, .trend = *less});
}

static int by_importance(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;

	if (a->young != b->young)
		return a->young - b->young;
	if ((a->kind == FOUND_AVAILABLE) != (b->kind == FOUND_AVAILABLE))
		return a->kind == FOUND_AVAILABLE ? 1 : -1;
	/* Mappings are no bytes. */
	if ((a->kind == FOUND_ATTACHMENT) != (b->kind == FOUND_ATTACHMENT))
		return a->kind == FOUND_ATTACHMENT ? 1 : -1;
	if (a->trend.slope != b->trend.slope)
		return a->trend.slope < b->trend.slope ? 1 : -1;
	return (a->row > b->row) - (a->row < b->row);
}

static void count_changes(const struct history *h, struct verdict *v)
{
	size_t i;

	for (i = 0; h->samples && i < h->processes.n; i++) {
		const double *own = h->processes.row[i].values[PROCESS_OWN];

		v->came += isnan(own[0]) && !isnan(own[h->samples - 1]);
		v->went += isnan(own[h->samples - 1]);
	}
}

int verdict__find(const struct history *h, struct verdict *v)
{
	int err;

	memset(v, 0, sizeof(*v));
	err = find_uses(h, v);
	if (!err)
		err = rank(h, &h->processes, PROCESS_OWN, FLOOR_PROCESS, &v->processes);
	if (!err)
		err = rank(h, &h->names, NAME_COUNT, FLOOR_COUNT, &v->names);
	if (!err)
		err = rank(h, &h->slabs, SLAB_BYTES, FLOOR_SLAB, &v->slabs);
	if (!err)
		err = rank(h, &h->segments, SEGMENT_BYTES, FLOOR_PROCESS, &v->segments);
	if (!err)
		err = rank(h, &h->creators, CREATOR_BYTES, FLOOR_USE, &v->creators);
	if (!err)
		err = rank(h, &h->holders, HOLDER_BYTES, FLOOR_USE, &v->holders);
	if (!err)
		err = rank(h, &h->mounts, MOUNT_BYTES, FLOOR_USE, &v->mounts);
	if (!err)
		err = rank(h, &h->sites, SITE_BYTES, FLOOR_SLAB, &v->sites);
	if (err)
		goto fail;
	find_processes(h, v);
	find_names(h, v);
	find_shmem(h, v);
	err = find_segments(h, v);
	if (err)
		goto fail;
	find_kernel(h, v);
	find_rest(v);
	qsort(v->finding, v->n, sizeof(*v->finding), by_importance);
	count_changes(h, v);
	return 0;
fail:
	verdict__clear(v);
	return err;
}

void verdict__clear(struct verdict *v)
{
	free(v->processes.at);
	free(v->names.at);
	free(v->slabs.at);
	free(v->segments.at);
	free(v->sites.at);
	free(v->creators.at);
	free(v->holders.at);
	free(v->mounts.at);
	memset(v, 0, sizeof(*v));
}

double verdict__seconds_left(const struct history *h, double bytes_per_second)
{
	bool estimated;
	double left;

	if (!h->has_meminfo || !h->timed)
		return NAN;
	left = (double)meminfo__available(&h->meminfo, &estimated) +
	       (double)h->meminfo.value[MEM_SWAP_FREE];
	return bytes_per_second > 0 ? left / bytes_per_second : INFINITY;
}
