/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/blocksort.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reach/mark.h"

#define DIGIT_BITS 11 /* its counters fit into the first cache */
#define DIGITS (1 << DIGIT_BITS)
#define FEW 256 /* not worth while */

struct key {
	uint64_t addr;
	uint32_t i; /* where its block is */
};

static int compare(const void *pa, const void *pb)
{
	const struct mark_block *a = pa, *b = pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return (a->size < b->size) - (a->size > b->size);
}

static void sort_by_digit(const struct key *from, struct key *to, size_t n, unsigned int shift)
{
	uint32_t at[DIGITS] = {0}, sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		at[from[i].addr >> shift & (DIGITS - 1)]++;
	for (i = 0; i < DIGITS; i++) {
		uint32_t count = at[i];

		at[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[at[from[i].addr >> shift & (DIGITS - 1)]++] = from[i];
}

/* Least significant digit first; what all addresses have in common is passed over. */
static struct key *sort_keys(const struct mark_block *blocks, size_t n)
{
	struct key *from = calloc(n, sizeof(*from)), *to = calloc(n, sizeof(*to)), *swap;
	uint64_t varying = 0;
	unsigned int shift;
	size_t i;

	if (!from || !to) {
		free(from);
		free(to);
		return NULL;
	}
	for (i = 0; i < n; i++) {
		from[i] = (struct key){blocks[i].addr, (uint32_t)i};
		varying |= blocks[i].addr ^ blocks[0].addr;
	}
	for (shift = varying ? __builtin_ctzll(varying) : 64; shift < 64; shift += DIGIT_BITS) {
		if (!(varying >> shift & (DIGITS - 1)))
			continue;
		sort_by_digit(from, to, n, shift);
		swap = from;
		from = to;
		to = swap;
	}
	free(to);
	return from;
}

static void settle_ties(struct mark_block *blocks, size_t n)
{
	size_t i, end;

	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n && blocks[end].addr == blocks[i].addr; end++)
			;
		if (end - i > 1)
			qsort(blocks + i, end - i, sizeof(*blocks), compare);
	}
}

void blocksort__by_address(struct mark_block *blocks, size_t n)
{
	struct mark_block *sorted = NULL;
	struct key *key;
	size_t i;

	key = n > FEW && n <= UINT32_MAX ? sort_keys(blocks, n) : NULL;
	if (key)
		sorted = malloc(n * sizeof(*sorted));
	if (sorted) {
		for (i = 0; i < n; i++)
			sorted[i] = blocks[key[i].i];
		memcpy(blocks, sorted, n * sizeof(*blocks));
		settle_ties(blocks, n);
	} else if (n) {
		qsort(blocks, n, sizeof(*blocks), compare);
	}
	free(sorted);
	free(key);
}
