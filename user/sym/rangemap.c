/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rangemap - flatten nested ranges into disjoint ones with a sweep over a stack. */
#include "sym/rangemap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 16 million ranges are 400 MB: more than any real image has, and an end for made-up ones. */
static const size_t max_ranges = 16 << 20;

static int push(struct rangemap *m, const struct range *r)
{
	if (m->n == m->room) {
		size_t room = m->room ? m->room * 2 : 64;
		struct range *grown = realloc(m->ranges, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		m->ranges = grown;
		m->room = room;
	}
	m->ranges[m->n++] = *r;
	return 0;
}

int rangemap__add(struct rangemap *m, uint64_t start, uint64_t end, uint64_t value)
{
	const struct range r = {.start = start, .end = end, .value = value};

	if (start >= end)
		return 0;
	if (m->n >= max_ranges)
		return -E2BIG;
	return push(m, &r);
}

/* Outer before inner; of equal ranges the one that shall win last. */
static int compare(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return a->value > b->value ? -1 : a->value < b->value;
}

/* Append a piece, joined to the one before it where that is the same thing. */
static int emit(struct rangemap *out, uint64_t start, uint64_t end, uint64_t value)
{
	struct range *last = out->n ? &out->ranges[out->n - 1] : NULL;
	const struct range r = {.start = start, .end = end, .value = value};

	if (start >= end)
		return 0;
	if (last && last->end == start && last->value == value) {
		last->end = end;
		return 0;
	}
	return push(out, &r);
}

/* Close the ranges on the stack that end at or before limit. */
static int close_until(struct rangemap *out, struct range *const *stack, size_t *depth,
		       uint64_t *at, uint64_t limit)
{
	while (*depth && stack[*depth - 1]->end <= limit) {
		const struct range *top = stack[--*depth];
		int err = emit(out, *at, top->end, top->value);

		if (err)
			return err;
		if (top->end > *at)
			*at = top->end;
	}
	return 0;
}

int rangemap__seal(struct rangemap *m)
{
	struct rangemap out = {0};
	struct range **stack = NULL;
	size_t depth = 0;
	uint64_t at = 0;
	int err = -ENOMEM;

	if (!m->n)
		return 0;
	qsort(m->ranges, m->n, sizeof(*m->ranges), compare);
	stack = calloc(m->n, sizeof(*stack));
	if (!stack)
		goto cleanup;
	for (size_t i = 0; i < m->n; i++) {
		struct range *r = &m->ranges[i];

		err = close_until(&out, stack, &depth, &at, r->start);
		if (!err && depth)
			err = emit(&out, at, r->start, stack[depth - 1]->value);
		if (err)
			goto cleanup;
		if (r->start > at)
			at = r->start;
		stack[depth++] = r;
	}
	err = close_until(&out, stack, &depth, &at, UINT64_MAX);
	if (err)
		goto cleanup;
	free(m->ranges);
	*m = out;
	memset(&out, 0, sizeof(out));

cleanup:
	free(stack);
	rangemap__clear(&out);
	return err;
}

const struct range *rangemap__find(const struct rangemap *m, uint64_t addr)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) { /* first range that ends beyond addr */
		size_t mid = lo + (hi - lo) / 2;

		if (m->ranges[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->n && m->ranges[lo].start <= addr ? &m->ranges[lo] : NULL;
}

void rangemap__clear(struct rangemap *m)
{
	free(m->ranges);
	memset(m, 0, sizeof(*m));
}
