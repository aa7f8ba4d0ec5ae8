/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heap - each C allocation function, its failures and its corner cases; for any libc or allocator.
 * heap no-pvalloc: for allocators that leave pvalloc to libc.
 */
#include <errno.h>
#include <malloc.h>

#include "target.h"

#ifdef __GLIBC__
#define HAVE_PVALLOC 1
#endif

NOINLINE static void malloc_plain(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = malloc(100);

		KEEP(p);
		if (i % 2)
			free(p);
	}
	expect(__func__, 300, 3);
	expect_entry(__func__, "malloc");
}

NOINLINE static void malloc_line(void)
{
	LEAK(malloc(101), 101, 1);
}

NOINLINE static void malloc_zero(void)
{
	LEAK(malloc(0), 0, 1);
}

/* Large enough for a mapping of the allocator's own, which is not to be counted beside it. */
NOINLINE static void malloc_big(void)
{
	LEAK(malloc(3 << 20), 3 << 20, 1);
}

NOINLINE static void malloc_fails(void)
{
	KEEP(malloc(target_huge));
	EXPECT_NONE();
}

NOINLINE static void free_null(void)
{
	free(NULL);
	EXPECT_NONE();
}

NOINLINE static void free_all(void)
{
	void *p[20];

	for (int i = 0; i < 20; i++) {
		p[i] = malloc(i * 50);
		KEEP(p[i]);
	}
	for (int i = 19; i >= 0; i--)
		free(p[i]);
	EXPECT_NONE();
}

NOINLINE static void calloc_plain(void)
{
	LEAK(calloc(7, 11), 77, 1);
	expect_entry(__func__, "calloc");
}

NOINLINE static void calloc_overflow(void)
{
	KEEP(calloc(target_huge, 4));
	EXPECT_NONE();
}

NOINLINE static void realloc_grown(void)
{
	void *p = malloc(100);

	KEEP(p);
	LEAK(realloc(p, 50000), 50000, 1);
	expect_entry(__func__, "realloc");
}

NOINLINE static void realloc_in_place(void)
{
	void *p = malloc(1000);

	KEEP(p);
	LEAK(realloc(p, 990), 990, 1);
}

NOINLINE static void realloc_many_times(void)
{
	void *p = NULL;

	for (size_t size = 10; size <= 2560; size *= 2) {
		p = realloc(p, size);
		KEEP(p);
	}
	expect(__func__, 2560, 1);
}

NOINLINE static void realloc_then_freed(void)
{
	void *p = malloc(10);

	KEEP(p);
	p = realloc(p, 60000);
	KEEP(p);
	free(p);
	EXPECT_NONE();
}

NOINLINE static void realloc_fails(void)
{
	void *p;

	LEAK(p = malloc(333), 333, 1);
	KEEP(realloc(p, target_huge));
	expect_entry(__func__, "malloc");
}

NOINLINE static void realloc_fails_then_freed(void)
{
	void *p = malloc(334);

	KEEP(p);
	KEEP(realloc(p, target_huge));
	free(p);
	EXPECT_NONE();
}

NOINLINE static void realloc_null(void)
{
	LEAK(realloc(NULL, 444), 444, 1);
}

/* Frees with glibc, gives a block of 0 bytes elsewhere: the result tells. */
NOINLINE static void realloc_to_zero(void)
{
	void *p = malloc(55);

	KEEP(p);
	p = realloc(p, 0);
	KEEP(p);
	expect(__func__, 0, p ? 1 : 0);
}

NOINLINE static void reallocarray_plain(void)
{
	LEAK(reallocarray(NULL, 10, 30), 300, 1);
}

NOINLINE static void reallocarray_grown(void)
{
	void *p = malloc(10);

	KEEP(p);
	LEAK(reallocarray(p, 100, 30), 3000, 1);
}

NOINLINE static void reallocarray_overflow(void)
{
	void *p;

	LEAK(p = malloc(66), 66, 1);
	KEEP(reallocarray(p, target_huge, 4));
}

/* The out pointer holds an old block when the call fails. */
NOINLINE static void posix_memalign_einval(void)
{
	void *p;
	volatile size_t three = 3;

	LEAK(p = malloc(70), 70, 1);
	if (posix_memalign(&p, three, 4096) != EINVAL)
		_exit(98);
	KEEP(p);
}

NOINLINE static void posix_memalign_enomem(void)
{
	void *p = NULL;

	if (posix_memalign(&p, 64, target_huge) == 0)
		_exit(98);
	EXPECT_NONE();
}

NOINLINE static void posix_memalign_plain(void)
{
	void *p = NULL;

	LEAK(posix_memalign(&p, 64, 1000) ? NULL : p, 1000, 1);
}

NOINLINE static void posix_memalign_freed(void)
{
	void *p = NULL;

	if (posix_memalign(&p, 4096, 1000))
		_exit(98);
	KEEP(p);
	free(p);
	EXPECT_NONE();
}

NOINLINE static void aligned_alloc_plain(void)
{
	LEAK(aligned_alloc(64, 640), 640, 1);
}

NOINLINE static void memalign_plain(void)
{
	LEAK(memalign(32, 321), 321, 1);
}

NOINLINE static void valloc_plain(void)
{
	LEAK(valloc(777), 777, 1);
}

NOINLINE static void pvalloc_plain(void)
{
#ifdef HAVE_PVALLOC
	LEAK(pvalloc(5000), 5000, 1);
#endif
}

/* The middle of three callers: a walk that loses one shows. */
NOINLINE static void called_inner(void)
{
	LEAK(malloc(17), 17, 1);
}

NOINLINE static void called_middle(void)
{
	CALL(called_inner(), 17, 1);
}

NOINLINE static void called_outer(void)
{
	CALL(called_middle(), 17, 1);
}

/* Blocks from before the trace: freed as untracked ones, or grown into tracked ones. */
static void *old[7];

NOINLINE static void old_blocks_made(void)
{
	for (int i = 0; i < 7; i++)
		old[i] = malloc(1000 + i);
	EXPECT_NONE();
}

NOINLINE static void old_blocks_freed(void)
{
	for (int i = 0; i < 5; i++)
		free(old[i]);
	if (target_attached())
		target_say("EXPECT_UNTRACKED", NULL, 5, NULL);
}

NOINLINE static void old_block_grown(void)
{
	LEAK(old[5] = realloc(old[5], 70000), 70000, 1);
}

NOINLINE static void old_block_freed_by_realloc(void)
{
	old[6] = realloc(old[6], 80000);
	KEEP(old[6]);
	free(old[6]);
	EXPECT_NONE();
}

int main(int argc, char **argv)
{
	old_blocks_made();
	target_ready();
	malloc_plain();
	malloc_line();
	malloc_zero();
	malloc_big();
	malloc_fails();
	free_null();
	free_all();
	calloc_plain();
	calloc_overflow();
	realloc_grown();
	realloc_in_place();
	realloc_many_times();
	realloc_then_freed();
	realloc_fails();
	realloc_fails_then_freed();
	realloc_null();
	realloc_to_zero();
	reallocarray_plain();
	reallocarray_grown();
	reallocarray_overflow();
	posix_memalign_einval();
	posix_memalign_enomem();
	posix_memalign_plain();
	posix_memalign_freed();
	aligned_alloc_plain();
	memalign_plain();
	valloc_plain();
	if (argc < 2 || strcmp(argv[1], "no-pvalloc"))
		pvalloc_plain();
	called_outer();
	old_blocks_freed();
	old_block_grown();
	old_block_freed_by_realloc();
	expect_nothing_else();
	target_done();
	return 0;
}
