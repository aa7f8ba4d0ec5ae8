/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcmalloc_ext - gperftools' own functions. */
#include <gperftools/tcmalloc.h>

#include "target.h"

NOINLINE static void tc_malloc_leaks(void)
{
	LEAK(tc_malloc(1001), 1001, 1);
}

NOINLINE static void tc_calloc_leaks(void)
{
	LEAK(tc_calloc(10, 101), 1010, 1);
}

NOINLINE static void tc_realloc_leaks(void)
{
	void *p = tc_malloc(10);

	KEEP(p);
	LEAK(tc_realloc(p, 30000), 30000, 1);
}

NOINLINE static void tc_memalign_leaks(void)
{
	LEAK(tc_memalign(64, 1003), 1003, 1);
}

NOINLINE static void all_tc_free(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = tc_malloc(100), *q = tc_malloc(200);

		KEEP(p);
		KEEP(q);
		tc_free(p);
		tc_free_sized(q, 200);
	}
	EXPECT_NONE();
}

int main(void)
{
	target_ready();
	tc_malloc_leaks();
	tc_calloc_leaks();
	tc_realloc_leaks();
	tc_memalign_leaks();
	all_tc_free();
	target_done();
	return 0;
}
