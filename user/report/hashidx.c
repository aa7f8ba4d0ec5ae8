/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/hashidx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

void hashidx__clear(struct hashidx *h)
{
	free(h->slots);
	memset(h, 0, sizeof(*h));
}

void hashidx__reset(struct hashidx *h)
{
	size_t i;

	for (i = 0; i < h->n_slots; i++)
		h->slots[i].idx = HASHIDX_NONE;
	h->n = 0;
}

static void put(struct hashidx_slot *slots, size_t n_slots, uint64_t hash, uint32_t idx)
{
	size_t i = hash & (n_slots - 1);

	while (slots[i].idx != HASHIDX_NONE)
		i = (i + 1) & (n_slots - 1);
	slots[i].hash = hash;
	slots[i].idx = idx;
}

int hashidx__reserve(struct hashidx *h)
{
	size_t n_slots = h->n_slots ? h->n_slots * 2 : 64, i;
	struct hashidx_slot *slots;

	if (h->n + 1 <= h->n_slots / 4 * 3)
		return 0;
	/* The hash kept in a slot has 32 bits: more slots than that would stay empty. */
	if (n_slots > (size_t)1 << 31)
		return -ENOSPC;
	slots = malloc(n_slots * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < n_slots; i++)
		slots[i].idx = HASHIDX_NONE;
	for (i = 0; i < h->n_slots; i++)
		if (h->slots[i].idx != HASHIDX_NONE)
			put(slots, n_slots, h->slots[i].hash, h->slots[i].idx);
	free(h->slots);
	h->slots = slots;
	h->n_slots = n_slots;
	return 0;
}

void hashidx__put(struct hashidx *h, uint64_t hash, uint32_t idx)
{
	put(h->slots, h->n_slots, hash, idx);
	h->n++;
}

uint64_t hashidx__string(uint64_t hash, const char *s)
{
	if (!s)
		return hashidx__mix(hash);
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3ULL; /* FNV-1a */
	return hashidx__mix(hash + 1);
}

uint64_t hashidx__seed(void)
{
	/* 16 random bytes from the kernel, getauxval(3) */
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	uint64_t seed = 0x5bd1e9955bd1e995ULL;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	return hashidx__mix(seed);
}
