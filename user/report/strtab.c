/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/strtab.h"

#include <stdlib.h>
#include <string.h>

struct wanted {
	const void *bytes;
	size_t size;
};

void strtab__init(struct strtab *t)
{
	*t = (struct strtab){.seed = hashidx__seed()};
}

void strtab__clear(struct strtab *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		free(t->text[i]);
	free(t->text);
	free(t->size);
	hashidx__clear(&t->index);
	*t = (struct strtab){0};
}

static bool same(const void *ctx, uint32_t idx, const void *key)
{
	const struct strtab *t = ctx;
	const struct wanted *w = key;

	return t->size[idx] == w->size && !memcmp(t->text[idx], w->bytes, w->size);
}

static uint64_t hash_bytes(uint64_t hash, const unsigned char *bytes, size_t size)
{
	uint64_t word;

	hash = hashidx__combine(hash, size);
	for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = hashidx__combine(hash, word);
	}
	word = 0;
	memcpy(&word, bytes, size);
	return hashidx__combine(hash, word);
}

static bool make_room(void *array, size_t n, size_t *max, size_t size)
{
	size_t new_max = *max ? *max * 2 : 64;
	void **p = array, *grown;

	if (n < *max)
		return true;
	grown = new_max < STRTAB_NONE ? reallocarray(*p, new_max, size) : NULL;
	if (!grown)
		return false;
	*p = grown;
	*max = new_max;
	return true;
}

/* Nothing may be at NULL, which functions of <string.h> do not take even then (C11, 7.24.1). */
static struct wanted wanted_at(const void *bytes, size_t size)
{
	return (struct wanted){.bytes = bytes ? bytes : "", .size = size};
}

uint32_t strtab__find(const struct strtab *t, const void *bytes, size_t size)
{
	const struct wanted w = wanted_at(bytes, size);

	return hashidx__find(&t->index, hash_bytes(t->seed, w.bytes, size), same, t, &w);
}

uint32_t strtab__add(struct strtab *t, const void *bytes, size_t size)
{
	const struct wanted w = wanted_at(bytes, size);
	uint64_t hash = hash_bytes(t->seed, w.bytes, size);
	uint32_t idx = hashidx__find(&t->index, hash, same, t, &w);
	char *copy;

	if (idx != HASHIDX_NONE)
		return idx;
	if (!make_room(&t->text, t->n, &t->max_text, sizeof(*t->text)) ||
	    !make_room(&t->size, t->n, &t->max_size, sizeof(*t->size)) ||
	    hashidx__reserve(&t->index))
		return STRTAB_NONE;
	copy = malloc(size + 1);
	if (!copy)
		return STRTAB_NONE;
	memcpy(copy, w.bytes, size);
	copy[size] = '\0';
	t->text[t->n] = copy;
	t->size[t->n] = size;
	hashidx__put(&t->index, hash, t->n);
	return t->n++;
}
