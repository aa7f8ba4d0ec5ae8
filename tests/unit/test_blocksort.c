/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks by address: the same as what qsort(3) makes of them, whatever the addresses have in
 * common. */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reach/blocksort.h"
#include "reach/mark.h"

static uint64_t random64(void)
{
	static uint64_t x = 88172645463325252ULL; /* xorshift64, Marsaglia 2003 */

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

/* Tags make the order total, and tell whether each block is still there, and whole. */
static int by_all(const void *pa, const void *pb)
{
	const struct mark_block *a = pa, *b = pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return (a->tag > b->tag) - (a->tag < b->tag);
}

static void check_sorted(uint64_t low, uint64_t mask, size_t n)
{
	struct mark_block *a = calloc(n + 1, sizeof(*a)), *b = calloc(n + 1, sizeof(*b));
	size_t i;

	for (i = 0; i < n; i++)
		a[i] = (struct mark_block){.addr = low + (random64() & mask),
					   .size = random64() & 3,
					   .under_bytes = i,
					   .tag = (uint32_t)i};
	memcpy(b, a, n * sizeof(*a));
	blocksort__by_address(a, n);
	for (i = 1; i < n; i++)
		CHECK(a[i - 1].addr < a[i].addr ||
		      (a[i - 1].addr == a[i].addr && a[i - 1].size >= a[i].size));
	qsort(a, n, sizeof(*a), by_all);
	qsort(b, n, sizeof(*b), by_all);
	CHECK(!memcmp(a, b, n * sizeof(*a)));
	free(a);
	free(b);
}

static void sorts(void)
{
	static const uint64_t masks[] = {0,
					 1,
					 0xff0,
					 0x3ffffff0,
					 0x7ffffffff000,
					 0xffffff,
					 0xff0000000000,
					 UINT64_MAX,
					 0x1ffffffffffff0,
					 1ULL << 63,
					 0x8000000000000001};
	static const size_t numbers[] = {0, 1, 2, 255, 256, 257, 1000, 5000};
	size_t i, k;

	for (i = 0; i < sizeof(masks) / sizeof(*masks); i++)
		for (k = 0; k < sizeof(numbers) / sizeof(*numbers); k++) {
			check_sorted(0, masks[i], numbers[k]);
			check_sorted(0x7f0000000000, masks[i], numbers[k]);
		}
}

static void leaves_what_is_sorted(void)
{
	enum {
		N = 3000
	};
	struct mark_block *a = calloc(N, sizeof(*a));
	uint32_t i;

	for (i = 0; i < N; i++)
		a[i] = (struct mark_block){.addr = 0x1000 + 48 * i, .size = 40, .tag = i};
	blocksort__by_address(a, N);
	for (i = 0; i < N; i++)
		CHECK_EQ(a[i].tag, i);
	free(a);
}

int main(void)
{
	RUN(sorts);
	RUN(leaves_what_is_sorted);
	return check_done();
}
