/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * overlay - what was added is made disjoint by a sweep with a heap of the open ranges, then merged
 * into what is known, so that a few new ranges cost one pass over the old ones and no sort.
 */
#include "sym/overlay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const size_t max_added = (size_t)1 << 31;

/* A range to flatten. order: its place among those added, the highest wins. */
struct layer {
	struct overlay_range range;
	size_t order;
};

/* Indices into the sorted layers, the one with the highest order on top. */
struct heap {
	const struct layer *layer;
	size_t *at;
	size_t n;
};

int overlay__add(struct overlay *o, uint64_t start, uint64_t end, const void *value)
{
	if (start >= end)
		return 0;
	if (o->n_added == max_added)
		return -E2BIG;
	if (o->n_added == o->added_room) {
		size_t room = o->added_room ? o->added_room * 2 : 64;
		void *grown = reallocarray(o->added, room, sizeof(*o->added));

		if (!grown)
			return -ENOMEM;
		o->added = grown;
		o->added_room = room;
	}
	o->added[o->n_added++] = (struct overlay_range){start, end, value};
	return 0;
}

static bool heap_before(const struct heap *h, size_t i, size_t j)
{
	return h->layer[h->at[i]].order > h->layer[h->at[j]].order;
}

static void heap_swap(struct heap *h, size_t i, size_t j)
{
	size_t t = h->at[i];

	h->at[i] = h->at[j];
	h->at[j] = t;
}

static void heap_push(struct heap *h, size_t layer)
{
	size_t i = h->n++;

	h->at[i] = layer;
	for (; i && heap_before(h, i, (i - 1) / 2); i = (i - 1) / 2)
		heap_swap(h, i, (i - 1) / 2);
}

static void heap_pop(struct heap *h)
{
	size_t i = 0;

	h->at[0] = h->at[--h->n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && heap_before(h, child + 1, child))
			child++;
		if (!heap_before(h, child, i))
			break;
		heap_swap(h, i, child);
		i = child;
	}
}

static int compare_starts(const void *pa, const void *pb)
{
	const struct layer *a = pa, *b = pb;

	return a->range.start < b->range.start ? -1 : a->range.start > b->range.start;
}

/* Append to ranges that have room for it; joined to the one before it if that goes on with it. */
static void emit(struct overlay_range *out, size_t *n, uint64_t start, uint64_t end,
		 const void *value)
{
	if (start >= end)
		return;
	if (*n && out[*n - 1].end == start && out[*n - 1].value == value)
		out[*n - 1].end = end;
	else
		out[(*n)++] = (struct overlay_range){start, end, value};
}

/* Sorted layers to disjoint ranges. out has room for two for each: a piece ends where a layer
 * starts or ends. */
static size_t flatten(const struct layer *layer, size_t n_layers, struct heap *heap,
		      struct overlay_range *out)
{
	size_t next = 0, n = 0;
	uint64_t pos = 0;

	for (;;) {
		const struct overlay_range *top;
		uint64_t until;

		while (heap->n && layer[heap->at[0]].range.end <= pos)
			heap_pop(heap);
		if (!heap->n && next == n_layers)
			return n;
		if (!heap->n) {
			pos = layer[next].range.start;
		} else {
			top = &layer[heap->at[0]].range;
			until = top->end;
			if (next < n_layers && layer[next].range.start < until)
				until = layer[next].range.start;
			emit(out, &n, pos, until, top->value);
			pos = until;
		}
		while (next < n_layers && layer[next].range.start <= pos)
			heap_push(heap, next++);
	}
}

/* out has room for n_old + 2 * n_new: each new range may cut an old one in two. */
static size_t merge(const struct overlay_range *old, size_t n_old,
		    const struct overlay_range *new_range, size_t n_new, struct overlay_range *out)
{
	uint64_t covered = 0; /* where the last new range ends */
	size_t next = 0, n = 0;

	for (size_t i = 0; i < n_old; i++) {
		uint64_t at = old[i].start > covered ? old[i].start : covered;

		for (; next < n_new && new_range[next].start < old[i].end; next++) {
			const struct overlay_range *r = &new_range[next];

			emit(out, &n, at, r->start, old[i].value);
			emit(out, &n, r->start, r->end, r->value);
			covered = r->end;
			if (covered > at)
				at = covered;
		}
		emit(out, &n, at, old[i].end, old[i].value);
	}
	for (; next < n_new; next++)
		emit(out, &n, new_range[next].start, new_range[next].end, new_range[next].value);
	return n;
}

int overlay__seal(struct overlay *o)
{
	struct overlay_range *flat = NULL, *merged = NULL, *fitted;
	struct layer *layer = NULL;
	struct heap heap = {0};
	size_t n_flat;
	int err = -ENOMEM;

	if (!o->n_added)
		return 0;
	layer = calloc(o->n_added, sizeof(*layer));
	heap.at = calloc(o->n_added, sizeof(*heap.at));
	flat = calloc(o->n_added, 2 * sizeof(*flat));
	if (!layer || !heap.at || !flat)
		goto cleanup;
	for (size_t i = 0; i < o->n_added; i++)
		layer[i] = (struct layer){o->added[i], i};
	qsort(layer, o->n_added, sizeof(*layer), compare_starts);
	heap.layer = layer;
	n_flat = flatten(layer, o->n_added, &heap, flat);

	/* flat was cleared by calloc but never touched beyond n_flat, nor is merged: what is too
	 * much of them is no memory yet, and is given back. */
	merged = o->n ? calloc(o->n + 2 * n_flat, sizeof(*merged)) : flat;
	if (!merged)
		goto cleanup;
	if (merged == flat) {
		flat = NULL;
		o->n = n_flat;
	} else {
		o->n = merge(o->range, o->n, flat, n_flat, merged);
	}
	fitted = reallocarray(merged, o->n, sizeof(*merged));
	free(o->range);
	o->range = fitted ? fitted : merged;
	free(o->added);
	o->added = NULL;
	o->n_added = o->added_room = 0;
	err = 0;

cleanup:
	free(flat);
	free(heap.at);
	free(layer);
	return err;
}

const void *overlay__find(const struct overlay *o, uint64_t addr)
{
	size_t lo = 0, hi = o->n;

	while (lo < hi) { /* first range that ends beyond addr */
		size_t mid = lo + (hi - lo) / 2;

		if (o->range[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < o->n && o->range[lo].start <= addr ? o->range[lo].value : NULL;
}

void overlay__clear(struct overlay *o)
{
	free(o->range);
	free(o->added);
	memset(o, 0, sizeof(*o));
}
