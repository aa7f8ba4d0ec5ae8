/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach_large BLOCKS SIZE [out] - keeps and loses so many blocks of SIZE bytes (64 at least), each
 * full of words that are no pointers, linked in an order that has nothing to do with where they
 * are. out: the kernel is asked to write them to swap.
 *
 * - A half: a list that is kept; but for its first block no pointer is a root.
 * - A quarter: a list whose first block is lost.
 * - An eighth: lost.
 * - An eighth: held by their middle, by one of the first half each.
 *
 * BLOCKS is a multiple of 8.
 */
#include <sys/mman.h>

#include "target.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* since Linux 5.4 */
#endif

#define NOTHING 0xf00dfeedf00dfeedULL /* no address of a program */

static void *volatile kept;

static NOINLINE uint64_t *block(size_t size)
{
	uint64_t *p = malloc(size);
	size_t i;

	if (!p)
		abort();
	for (i = 0; i < size / sizeof(*p); i++)
		p[i] = NOTHING;
	return p;
}

static NOINLINE void shuffle(uint64_t **p, size_t n)
{
	uint64_t x = 88172645463325252ULL, *other;
	size_t i, k;

	for (i = n; i > 1; i--) {
		x ^= x << 13; /* Marsaglia, Xorshift RNGs, 2003 */
		x ^= x >> 7;
		x ^= x << 17;
		k = x % i;
		other = p[i - 1];
		p[i - 1] = p[k];
		p[k] = other;
	}
}

static NOINLINE void work(size_t n, size_t size)
{
	uint64_t **p = malloc(n * sizeof(*p));
	size_t i;

	if (!p)
		abort();
	for (i = 0; i < n; i++)
		p[i] = block(size);
	shuffle(p, n);
	for (i = 0; i + 1 < n / 2; i++)
		p[i][0] = (uintptr_t)p[i + 1];
	for (i = n / 2; i + 1 < n / 2 + n / 4; i++)
		p[i][size / 8 - 1] = (uintptr_t)p[i + 1];
	for (i = 0; i < n / 8; i++)
		p[i][1] = (uintptr_t)p[n / 2 + n / 4 + i] + 40;
	kept = p[0];
	memset(p, 0, n * sizeof(*p));
	free(p);
}

static NOINLINE void scrub(void)
{
	volatile char waste[32768];

	memset((void *)waste, 0, sizeof(waste));
}

/* The last so many bytes of the heap. */
static void page_out(size_t bytes)
{
	uintptr_t end = (uintptr_t)sbrk(0) & -4096UL, start = (end - bytes) & -4096UL;

	madvise((void *)start, end - start, MADV_PAGEOUT);
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0,
	       size = n ? strtoul(argv[2], NULL, 10) : 0;

	if (!n || n % 8 || size < 64)
		return 2;
	target_ready();
	work(n, size);
	scrub();
	if (argc > 3)
		page_out(n * size);
	target_done();
	return 0;
}
