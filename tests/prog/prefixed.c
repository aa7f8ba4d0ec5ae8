/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prefixed - uses an allocator whose functions carry a prefix. */
#include "target.h"

void *own_malloc(size_t size);
void *own_calloc(size_t n, size_t size);
void *own_realloc(void *p, size_t size);
int own_posix_memalign(void **out, size_t align, size_t size);
void own_free(void *p);

NOINLINE static void prefixed_malloc_leaks(void)
{
	LEAK(own_malloc(1001), 1001, 1);
}

NOINLINE static void prefixed_calloc_leaks(void)
{
	LEAK(own_calloc(10, 101), 1010, 1);
}

NOINLINE static void prefixed_realloc_leaks(void)
{
	void *p = own_malloc(10);

	KEEP(p);
	LEAK(own_realloc(p, 3000), 3000, 1);
}

NOINLINE static void prefixed_posix_memalign_leaks(void)
{
	void *p = NULL;

	LEAK(own_posix_memalign(&p, 64, 1003) ? NULL : p, 1003, 1);
}

NOINLINE static void all_prefixed_freed(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = own_malloc(100);

		KEEP(p);
		own_free(p);
	}
	EXPECT_NONE();
}

int main(void)
{
	target_ready();
	prefixed_malloc_leaks();
	prefixed_calloc_leaks();
	prefixed_realloc_leaks();
	prefixed_posix_memalign_leaks();
	all_prefixed_freed();
	target_done();
	return 0;
}
