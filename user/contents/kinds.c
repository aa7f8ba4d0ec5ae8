/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contents/kinds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/strtab.h"

struct kinds {
	struct strtab keys;
	struct kind *kind; /* by number of the key, until they are sorted */
	size_t max;
	size_t n, room;
	struct kind others;
};

struct kinds *kinds__new(size_t max)
{
	struct kinds *k = calloc(1, sizeof(*k));

	if (k) {
		strtab__init(&k->keys);
		k->max = max;
		k->others.key = "";
	}
	return k;
}

void kinds__free(struct kinds *k)
{
	if (!k)
		return;
	strtab__clear(&k->keys);
	free(k->kind);
	free(k);
}

/* NULL: no memory. */
static struct kind *find(struct kinds *k, const char *key)
{
	size_t size = strlen(key), room;
	struct kind *grown;
	uint32_t i;

	if (k->n == k->max)
		/* what is not known by now never will be */
		i = strtab__find(&k->keys, key, size);
	else
		i = strtab__add(&k->keys, key, size);
	if (i == STRTAB_NONE)
		return k->n == k->max ? &k->others : NULL;
	if (i < k->n)
		return &k->kind[i];
	if (k->n == k->room) {
		room = k->room ? k->room * 2 : 64;
		grown = reallocarray(k->kind, room, sizeof(*grown));
		if (!grown)
			return NULL;
		k->kind = grown;
		k->room = room;
	}
	k->kind[k->n] = (struct kind){.key = k->keys.text[i]};
	return &k->kind[k->n++];
}

int kinds__add(struct kinds *k, const char *key, uint64_t block, uint64_t bytes,
	       enum reach_kind reach)
{
	struct kind *found = find(k, key);

	if (!found)
		return -ENOMEM;
	if (!found->count)
		found->first = block;
	if (!found->count || reach > found->worst_kind) {
		found->worst = block;
		found->worst_kind = reach;
	}
	if (!found->count || bytes < found->smallest)
		found->smallest = bytes;
	if (bytes > found->largest)
		found->largest = bytes;
	found->count++;
	found->bytes += bytes;
	reach_sum__add(&found->reach[reach], bytes, 1);
	return 0;
}

static int compare(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a < b ? 1 : -1;
}

static int by_loss(const void *pa, const void *pb)
{
	const struct kind *a = pa, *b = pb;
	int order = compare(a->reach[REACH_DEFINITE].bytes, b->reach[REACH_DEFINITE].bytes);

	if (!order)
		order = compare(a->bytes, b->bytes);
	if (!order)
		order = compare(a->count, b->count);
	return order ? order : strcmp(a->key, b->key);
}

static int by_count(const void *pa, const void *pb)
{
	const struct kind *a = pa, *b = pb;
	int order = compare(a->count, b->count);

	return order ? order : compare(b->first, a->first);
}

const struct kind *kinds__sort(struct kinds *k, size_t *n)
{
	*n = k->n;
	if (k->n)
		qsort(k->kind, k->n, sizeof(*k->kind), by_loss);
	return k->kind;
}

const struct kind *kinds__sort_by_count(struct kinds *k, size_t *n)
{
	*n = k->n;
	if (k->n)
		qsort(k->kind, k->n, sizeof(*k->kind), by_count);
	return k->kind;
}

const struct kind *kinds__others(const struct kinds *k)
{
	return &k->others;
}
