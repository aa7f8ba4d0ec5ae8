/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mimalloc_ext - mimalloc's own functions. */
#include <mimalloc.h>

#include "target.h"

NOINLINE static void mi_malloc_leaks(void)
{
	LEAK(mi_malloc(1001), 1001, 1);
}

NOINLINE static void mi_zalloc_leaks(void)
{
	LEAK(mi_zalloc(1002), 1002, 1);
}

NOINLINE static void mi_calloc_leaks(void)
{
	LEAK(mi_calloc(10, 101), 1010, 1);
}

NOINLINE static void mi_realloc_leaks(void)
{
	void *p = mi_malloc(10);

	KEEP(p);
	LEAK(mi_realloc(p, 30000), 30000, 1);
}

NOINLINE static void mi_malloc_aligned_leaks(void)
{
	LEAK(mi_malloc_aligned(1003, 64), 1003, 1);
}

NOINLINE static void all_mi_free(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = mi_malloc(100), *q = mi_malloc(200), *r = mi_malloc_aligned(300, 64);

		KEEP(p);
		KEEP(q);
		KEEP(r);
		mi_free(p);
		mi_free_size(q, 200);
		mi_free_aligned(r, 64);
	}
	EXPECT_NONE();
}

int main(void)
{
	target_ready();
	mi_malloc_leaks();
	mi_zalloc_leaks();
	mi_calloc_leaks();
	mi_realloc_leaks();
	mi_malloc_aligned_leaks();
	all_mi_free();
	target_done();
	return 0;
}
