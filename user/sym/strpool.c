/* SPDX-License-Identifier: GPL-2.0-or-later */
/* strpool - a hash table of strings with chains. */
#include "sym/strpool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const size_t max_text = 16384;

struct text {
	struct text *next;
	uint64_t hash;
	char bytes[];
};

struct strpool {
	struct text **buckets;
	size_t n_buckets; /* a power of two */
	size_t n;
};

struct strpool *strpool__new(void)
{
	struct strpool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->n_buckets = 256;
	p->buckets = calloc(p->n_buckets, sizeof(struct text *));
	if (!p->buckets) {
		free(p);
		return NULL;
	}
	return p;
}

void strpool__free(struct strpool *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_buckets; i++) {
		for (struct text *t = p->buckets[i], *next; t; t = next) {
			next = t->next;
			free(t);
		}
	}
	free(p->buckets);
	free(p);
}

/* A table that cannot grow stays correct, only slower. */
static void grow(struct strpool *p)
{
	size_t n = p->n_buckets * 2;
	struct text **buckets = calloc(n, sizeof(struct text *));

	if (!buckets)
		return;
	for (size_t i = 0; i < p->n_buckets; i++) {
		for (struct text *t = p->buckets[i], *next; t; t = next) {
			next = t->next;
			t->next = buckets[t->hash & (n - 1)];
			buckets[t->hash & (n - 1)] = t;
		}
	}
	free(p->buckets);
	p->buckets = buckets;
	p->n_buckets = n;
}

const char *strpool__add(struct strpool *p, const char *text)
{
	size_t len = strnlen(text, max_text);
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	struct text *t = malloc(sizeof(*t) + len + 1);
	struct text **slot;

	if (!t)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		t->bytes[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
		hash = (hash ^ (unsigned char)t->bytes[i]) * 0x100000001b3;
	}
	t->bytes[len] = '\0';
	t->hash = hash;
	slot = &p->buckets[hash & (p->n_buckets - 1)];
	for (struct text *old = *slot; old; old = old->next) {
		if (old->hash == hash && !strcmp(old->bytes, t->bytes)) {
			free(t);
			return old->bytes;
		}
	}
	t->next = *slot;
	*slot = t;
	if (++p->n > p->n_buckets)
		grow(p);
	return t->bytes;
}
