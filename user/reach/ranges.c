/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ranges__add(struct ranges *r, uint64_t start, uint64_t end)
{
	struct range *grown;
	size_t max = r->max ? 2 * r->max : 64;

	if (start >= end)
		return 0;
	if (r->n == r->max) {
		grown = reallocarray(r->range, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->range = grown;
		r->max = max;
	}
	r->range[r->n++] = (struct range){start, end};
	return 0;
}

static int compare(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	return (a->start > b->start) - (a->start < b->start);
}

void ranges__settle(struct ranges *r)
{
	size_t i, n = 0;

	if (!r->n)
		return;
	qsort(r->range, r->n, sizeof(*r->range), compare);
	for (i = 1; i < r->n; i++) {
		struct range *last = &r->range[n], *next = &r->range[i];

		if (next->start > last->end)
			r->range[++n] = *next;
		else if (next->end > last->end)
			last->end = next->end;
	}
	r->n = n + 1;
}

/* The first range that ends above addr. */
static size_t first(const struct ranges *r, uint64_t addr)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->range[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int ranges__outside(const struct ranges *r, uint64_t start, uint64_t end,
		    int (*fn)(uint64_t start, uint64_t end, void *arg), void *arg)
{
	size_t i = first(r, start);
	int err = 0;

	for (; !err && start < end; i++) {
		uint64_t stop = i < r->n && r->range[i].start < end ? r->range[i].start : end;

		if (start < stop)
			err = fn(start, stop, arg);
		start = stop == end ? end : r->range[i].end;
	}
	return err;
}

uint64_t ranges__covered(const struct ranges *r, uint64_t start, uint64_t end)
{
	uint64_t sum = 0;
	size_t i;

	for (i = first(r, start); i < r->n && r->range[i].start < end; i++) {
		uint64_t from = r->range[i].start > start ? r->range[i].start : start;
		uint64_t to = r->range[i].end < end ? r->range[i].end : end;

		sum += to - from;
	}
	return sum;
}

void ranges__clear(struct ranges *r)
{
	free(r->range);
	memset(r, 0, sizeof(*r));
}
