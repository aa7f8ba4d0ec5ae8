/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

static const char *const names[REPORT_VIEWS] = {
	[REPORT_VIEW_LEAKED] = "leaked",
	[REPORT_VIEW_PEAK] = "peak",
	[REPORT_VIEW_TOTAL] = "total",
	[REPORT_VIEW_TEMPORARY] = "temporary",
};

const char *report_view__name(enum report_view view)
{
	return names[view];
}

int report_view__find(const char *name, enum report_view *view)
{
	int i;

	for (i = 0; i < REPORT_VIEWS; i++) {
		if (strcmp(name, names[i]))
			continue;
		*view = i;
		return 0;
	}
	return -EINVAL;
}

static void add(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

void report_profile__add(struct report_profile *sum, const struct report_profile *p)
{
	int i;

	add(&sum->count, p->count);
	add(&sum->bytes, p->bytes);
	add(&sum->freed, p->freed);
	add(&sum->freed_bytes, p->freed_bytes);
	add(&sum->temporary, p->temporary);
	add(&sum->temporary_bytes, p->temporary_bytes);
	add(&sum->peak_count, p->peak_count);
	add(&sum->peak_bytes, p->peak_bytes);
	for (i = 0; i < REPORT_LIVES; i++)
		add(&sum->lived[i], p->lived[i]);
}

/* outstanding: what is not in a profile. */
static struct report_measure measure(const struct report_profile *p, enum report_view view,
				     struct report_measure outstanding)
{
	if (view == REPORT_VIEW_LEAKED)
		return outstanding;
	if (!p)
		return (struct report_measure){0, 0};
	switch (view) {
	case REPORT_VIEW_PEAK:
		return (struct report_measure){p->peak_bytes, p->peak_count};
	case REPORT_VIEW_TOTAL:
		return (struct report_measure){p->bytes, p->count};
	default:
		return (struct report_measure){p->temporary_bytes, p->temporary};
	}
}

struct report_measure report_site__measure(const struct report_site *site, enum report_view view)
{
	return measure(site->profile, view, (struct report_measure){site->bytes, site->count});
}

struct report_measure report__measure(const struct report *r, enum report_view view)
{
	return measure(r->profile, view, (struct report_measure){r->bytes, r->count});
}

uint64_t report_measure__weight(struct report_measure m, enum report_view view, bool by_count)
{
	return by_count || view == REPORT_VIEW_TEMPORARY ? m.count : m.bytes;
}

size_t report__viewed(const struct report *r)
{
	struct report_measure m;
	size_t n = r->n_sites;

	if (!r->profile)
		return n;
	while (n) {
		m = report_site__measure(&r->sites[n - 1], r->view);
		if (m.bytes || m.count)
			break;
		n--;
	}
	return n;
}

size_t report__n_viewed(const struct report *r)
{
	return r->profile ? r->n_viewed : r->n_stacks;
}

/* qsort_r is not stable: where a site was decides at last. */
struct ranked {
	struct report_site site;
	size_t place;
};

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare(const void *pa, const void *pb, void *arg)
{
	enum report_view view = *(const enum report_view *)arg;
	const struct ranked *a = pa, *b = pb;
	struct report_measure ma = report_site__measure(&a->site, view);
	struct report_measure mb = report_site__measure(&b->site, view);
	int order = descending(report_measure__weight(ma, view, false),
			       report_measure__weight(mb, view, false));

	if (!order)
		order = descending(ma.bytes, mb.bytes);
	if (!order)
		order = descending(ma.count, mb.count);
	if (!order)
		order = descending(a->site.bytes, b->site.bytes);
	if (!order)
		order = descending(a->site.count, b->site.count);
	return order ? order : (a->place > b->place) - (a->place < b->place);
}

int report__view(struct report *r, enum report_view view)
{
	struct ranked *ranked;
	size_t i;

	if (!r->profile && view != REPORT_VIEW_LEAKED)
		return -ENODATA;
	if (r->view == view || !r->n_sites) {
		r->view = view;
		return 0;
	}
	ranked = calloc(r->n_sites, sizeof(*ranked));
	if (!ranked)
		return -ENOMEM;
	for (i = 0; i < r->n_sites; i++)
		ranked[i] = (struct ranked){r->sites[i], i};
	qsort_r(ranked, r->n_sites, sizeof(*ranked), compare, &view);
	for (i = 0; i < r->n_sites; i++)
		r->sites[i] = ranked[i].site;
	free(ranked);
	r->view = view;
	r->n_viewed = report__viewed(r);
	return 0;
}
