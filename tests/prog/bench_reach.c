/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_reach N: two trees of N blocks each, of 1,008 bytes in which 4 words of 126 are pointers to
 * other blocks of the same tree, anywhere in memory. One tree is lost.
 */
#include "target.h"

#include <sys/mman.h>

#define WORDS 126
#define LINKS 4

static void *volatile keep;

/* Knuth's generator for 64 bits: the same blocks each time. */
static uint64_t chance(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

static NOINLINE void *block(void)
{
	return malloc(WORDS * sizeof(uint64_t));
}

/* In no order that addresses have. */
static void shuffle(uint64_t **blocks, size_t n, uint64_t *state)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = chance(state) % i;
		uint64_t *other = blocks[k];

		blocks[k] = blocks[i - 1];
		blocks[i - 1] = other;
	}
}

/* Two links are the tree's. */
static void fill(uint64_t **blocks, size_t n, size_t i, uint64_t *state)
{
	size_t link[LINKS] = {2 * i + 1, 2 * i + 2, chance(state) % n, chance(state) % n};
	size_t k;

	for (k = 0; k < WORDS; k++)
		blocks[i][k] = i * k;
	for (k = 0; k < LINKS; k++)
		blocks[i][k * (WORDS / LINKS)] = link[k] < n ? (uintptr_t)blocks[link[k]] : 0;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, size = 2 * n * sizeof(void *), i;
	uint64_t **blocks, state = 1;

	blocks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (blocks == MAP_FAILED || !n)
		return 96;
	target_ready();
	for (i = 0; i < 2 * n; i++)
		blocks[i] = block();
	shuffle(blocks, 2 * n, &state);
	for (i = 0; i < n; i++) {
		fill(blocks, n, i, &state);
		fill(blocks + n, n, i, &state);
	}
	keep = blocks[0];
	munmap(blocks, size);
	target_done();
	return 0;
}
