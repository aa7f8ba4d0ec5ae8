/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jemalloc_ext - jemalloc's own functions, jemalloc(3). */
#include <jemalloc/jemalloc.h>

#include "target.h"

NOINLINE static void mallocx_leaks(void)
{
	LEAK(mallocx(1234, 0), 1234, 1);
}

NOINLINE static void mallocx_aligned_leaks(void)
{
	LEAK(mallocx(1235, MALLOCX_ALIGN(256)), 1235, 1);
}

NOINLINE static void rallocx_leaks(void)
{
	void *p = mallocx(10, 0);

	KEEP(p);
	LEAK(rallocx(p, 30000, 0), 30000, 1);
}

NOINLINE static void rallocx_fails(void)
{
	void *p;

	LEAK(p = mallocx(321, 0), 321, 1);
	KEEP(rallocx(p, target_huge, 0));
}

/* Resizes in place or not at all; returns the size it really has then. */
NOINLINE static void xallocx_leaks(void)
{
	void *p = mallocx(5000, 0);

	KEEP(p);
	expect(__func__, xallocx(p, 4500, 0, 0) >= 4500 ? 4500 : 5000, 1);
}

NOINLINE static void xallocx_fails(void)
{
	void *p = mallocx(100, 0);

	KEEP(p);
	if (xallocx(p, 1 << 20, 0, 0) >= 1 << 20)
		_exit(87);
	expect(__func__, 100, 1);
}

NOINLINE static void all_dallocx(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = mallocx(100, 0), *q = mallocx(200, 0), *r = mallocx(300, 0);

		KEEP(p);
		KEEP(q);
		KEEP(r);
		dallocx(p, 0);
		sdallocx(q, 200, 0);
		free(r);
	}
	EXPECT_NONE();
}

int main(void)
{
	target_ready();
	mallocx_leaks();
	mallocx_aligned_leaks();
	rallocx_leaks();
	rallocx_fails();
	xallocx_leaks();
	xallocx_fails();
	all_dallocx();
	target_done();
	return 0;
}
