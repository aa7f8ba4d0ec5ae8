/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/hashidx.h"

struct key {
	enum map_kind kind;
	const char *object;
};

static bool same_group(const void *ctx, uint32_t idx, const void *key)
{
	const struct group *g = &((const struct groups *)ctx)->group[idx];
	const struct key *k = key;

	return g->kind == k->kind && !strcmp(g->object, k->object);
}

static void add(struct group *g, const struct region *r)
{
	int f;

	g->mappings++;
	g->size += r->vma->map.end - r->vma->map.start;
	g->held += smaps__held(r->vma);
	g->uss += smaps__uss(r->vma);
	for (f = 0; f < SMAPS_FIELDS; f++)
		g->sum[f] += r->vma->bytes[f];
}

static int most_first(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->held != y->held)
		return x->held > y->held ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->object, y->object);
}

int groups__make(const struct layout *l, enum groups_by by, struct groups *g)
{
	struct hashidx index = {0};
	uint64_t seed = hashidx__seed();
	size_t i, room = 0;
	int err = 0;

	memset(g, 0, sizeof(*g));
	g->total.object = "";
	for (i = 0; i < l->n; i++) {
		const struct region *r = &l->region[i];
		struct key key = {by == GROUPS_BY_FILE ? MAP_KINDS : r->kind,
				  by == GROUPS_BY_KIND ? "" : r->object};
		uint64_t hash;
		uint32_t at;

		add(&g->total, r);
		if (by == GROUPS_BY_FILE && !*key.object)
			key.object = map_kind__name(r->kind);
		hash = hashidx__string(hashidx__combine(seed, key.kind), key.object);
		at = hashidx__find(&index, hash, same_group, g, &key);
		if (at == HASHIDX_NONE) {
			if (g->n == room) {
				size_t more = room ? room * 2 : 32;
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
			at = g->n++;
			g->group[at] = (struct group){.kind = key.kind, .object = key.object};
			hashidx__put(&index, hash, at);
		}
		add(&g->group[at], r);
	}
	hashidx__clear(&index);
	if (err)
		groups__clear(g);
	else if (g->n)
		qsort(g->group, g->n, sizeof(*g->group), most_first);
	return err;
}

void groups__clear(struct groups *g)
{
	free(g->group);
	memset(g, 0, sizeof(*g));
}

const struct group *groups__find(const struct groups *g, enum map_kind kind, const char *object)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->group[i].kind == kind && !strcmp(g->group[i].object, object))
			return &g->group[i];
	return NULL;
}
