/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/growth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/hashidx.h"

static uint64_t start_of(const struct layout *l, size_t i)
{
	return i < l->n ? l->region[i].vma->map.start : UINT64_MAX;
}

static void add_region(struct change *c, const struct region *r, int sign, uint64_t *most)
{
	const struct mapping *m = &r->vma->map;
	uint64_t size = m->end - m->start, weight = smaps__held(r->vma);

	/* unsigned arithmetic wraps, the difference comes out right */
	c->size += sign * (int64_t)size;
	c->held += sign * (int64_t)smaps__held(r->vma);
	c->uss += sign * (int64_t)smaps__uss(r->vma);
	if (m->end > c->end)
		c->end = m->end;
	/* What it is now says more than what it was. */
	weight = (weight ? weight : size >> 20) * 2 + (sign > 0) + 1;
	if (r->kind == MAP_RESERVED)
		weight = 1;
	if (weight >= *most) {
		*most = weight;
		c->kind = r->kind;
		c->object = r->object;
		c->detail = r->detail;
	}
}

/* The next change, from the mappings at *i before and *k after: all that overlap each other. */
static void next_change(const struct layout *before, size_t *i, const struct layout *after,
			size_t *k, struct change *c)
{
	uint64_t most = 0;

	*c = (struct change){.object = "", .detail = ""};
	c->start = start_of(before, *i);
	if (start_of(after, *k) < c->start)
		c->start = start_of(after, *k);
	c->end = c->start + 1;
	for (;;) {
		if (*i < before->n && start_of(before, *i) < c->end) {
			add_region(c, &before->region[(*i)++], -1, &most);
			c->before++;
		} else if (*k < after->n && start_of(after, *k) < c->end) {
			add_region(c, &after->region[(*k)++], 1, &most);
			c->after++;
		} else {
			return;
		}
	}
}

static bool is_change(const struct change *c)
{
	return c->size || c->held || c->uss || c->before != c->after;
}

static int by_growth(int64_t held_a, int64_t size_a, int64_t held_b, int64_t size_b)
{
	if (held_a != held_b)
		return held_a > held_b ? -1 : 1;
	if (size_a != size_b)
		return size_a > size_b ? -1 : 1;
	return 0;
}

static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int order = by_growth(x->held, x->size, y->held, y->size);

	if (order)
		return order;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int compare_groups(const void *a, const void *b)
{
	const struct trend_group *x = a, *y = b;
	int order = by_growth(x->held, x->size, y->held, y->size);

	if (order)
		return order;
	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->object, y->object);
}

static void add_change(struct trend_group *g, const struct change *c)
{
	g->mappings += (int64_t)c->after - (int64_t)c->before;
	g->size += c->size;
	g->held += c->held;
	g->uss += c->uss;
	if (!c->before)
		g->appeared++;
	else if (!c->after)
		g->vanished++;
	else if (c->held > 0 || (!c->held && c->size > 0))
		g->grew++;
	else
		g->shrank++;
	if (!g->largest || c->held > g->largest->held)
		g->largest = c;
}

static bool same_group(const void *ctx, uint32_t idx, const void *key)
{
	const struct trend_group *g = &((const struct growth *)ctx)->group[idx];
	const struct change *c = key;

	return g->kind == c->kind && !strcmp(g->object, c->object);
}

static int group_changes(struct growth *g)
{
	uint64_t seed = hashidx__seed(), hash;
	struct hashidx index = {0};
	size_t i, room = 0;
	int err = 0;
	uint32_t at;

	g->total.object = "";
	for (i = 0; i < g->n; i++) {
		const struct change *c = &g->change[i];

		add_change(&g->total, c);
		hash = hashidx__string(hashidx__combine(seed, c->kind), c->object);
		at = hashidx__find(&index, hash, same_group, g, c);
		if (at == HASHIDX_NONE) {
			if (g->n_groups == room) {
				size_t more = room ? room * 2 : 16;
				void *grown = reallocarray(g->group, more, sizeof(*g->group));

				err = grown ? 0 : -ENOMEM;
				if (err)
					break;
				g->group = grown;
				room = more;
			}
			err = hashidx__reserve(&index);
			if (err)
				break;
			at = g->n_groups++;
			g->group[at] = (struct trend_group){.kind = c->kind, .object = c->object};
			hashidx__put(&index, hash, at);
		}
		add_change(&g->group[at], c);
	}
	hashidx__clear(&index);
	if (!err && g->n_groups)
		qsort(g->group, g->n_groups, sizeof(*g->group), compare_groups);
	return err;
}

int growth__make(const struct layout *before, const struct layout *after, struct growth *g)
{
	size_t i = 0, k = 0, room = 0;
	struct change c;
	int err = 0;

	memset(g, 0, sizeof(*g));
	while (i < before->n || k < after->n) {
		next_change(before, &i, after, &k, &c);
		if (!is_change(&c))
			continue;
		if (g->n == room) {
			size_t more = room ? room * 2 : 64;
			void *grown = reallocarray(g->change, more, sizeof(*g->change));

			err = grown ? 0 : -ENOMEM;
			if (err)
				goto cleanup;
			g->change = grown;
			room = more;
		}
		g->change[g->n++] = c;
	}
	if (g->n)
		qsort(g->change, g->n, sizeof(*g->change), compare_changes);
	err = group_changes(g);
cleanup:
	if (err)
		growth__clear(g);
	return err;
}

void growth__clear(struct growth *g)
{
	free(g->change);
	free(g->group);
	memset(g, 0, sizeof(*g));
}

const struct trend_group *growth__main(const struct growth *g)
{
	const struct trend_group *largest = NULL;
	size_t i;

	if (g->n_groups && g->group[0].held > 0)
		return &g->group[0];
	for (i = 0; i < g->n_groups; i++)
		if (g->group[i].size > 0 && g->group[i].kind != MAP_RESERVED &&
		    (!largest || g->group[i].size > largest->size))
			largest = &g->group[i];
	return largest;
}
