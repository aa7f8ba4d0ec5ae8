/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hashidx - open-addressing hash table from a hash to the index of an element in the caller's
 * array. The elements and their keys stay with the caller, who compares them.
 */
#ifndef REPORT_HASHIDX_H
#define REPORT_HASHIDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASHIDX_NONE UINT32_MAX

struct hashidx_slot {
	uint32_t hash;
	uint32_t idx; /* HASHIDX_NONE: free */
};

struct hashidx {
	struct hashidx_slot *slots; /* a power of two of them */
	size_t n_slots;
	size_t n;
};

typedef bool (*hashidx_eq)(const void *ctx, uint32_t idx, const void *key);

/* All zero is an empty table. */
void hashidx__clear(struct hashidx *h);
/* Forget the elements, keep the memory. */
void hashidx__reset(struct hashidx *h);
/* Make room for one more hashidx__put, which then cannot fail. Returns 0 or negative errno. */
int hashidx__reserve(struct hashidx *h);
/* idx must not be in the table yet; hashidx__reserve comes first. */
void hashidx__put(struct hashidx *h, uint64_t hash, uint32_t idx);

/* splitmix64's finaliser: every input bit changes every output bit. */
static inline uint64_t hashidx__mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}
static inline uint64_t hashidx__combine(uint64_t hash, uint64_t value)
{
	return hashidx__mix(hash ^ value) + 0x9e3779b97f4a7c15ULL;
}
uint64_t hashidx__string(uint64_t hash, const char *s); /* s may be NULL */
/* A number the target cannot guess: it chooses much of what we hash. */
uint64_t hashidx__seed(void);

/* Inline, so that eq is too: this runs once for every live block. */
static inline uint32_t hashidx__find(const struct hashidx *h, uint64_t hash, hashidx_eq eq,
				     const void *ctx, const void *key)
{
	size_t i;

	if (!h->n_slots)
		return HASHIDX_NONE;
	/* ends: hashidx__reserve keeps a quarter of the slots free */
	for (i = hash & (h->n_slots - 1); h->slots[i].idx != HASHIDX_NONE;
	     i = (i + 1) & (h->n_slots - 1))
		if (h->slots[i].hash == (uint32_t)hash && eq(ctx, h->slots[i].idx, key))
			return h->slots[i].idx;
	return HASHIDX_NONE;
}
#endif
