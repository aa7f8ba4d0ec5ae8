/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ownalloc - an allocator nobody has heard of, as a shared library: preloaded, linked or opened
 * later. Blocks are powers of two with a header, from one static arena; freed ones go to lists.
 *
 * own_hook is called inside malloc, so that a program can leave it by longjmp or thread end.
 * own_return_address is where the last call of memalign returned to.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void (*own_hook)(void);
const void *own_return_address;

struct header {
	size_t class;
	struct header *next;
};

#define N_CLASSES 27
static char arena[64 << 20] __attribute__((aligned(4096)));
static size_t arena_used;
static struct header *lists[N_CLASSES];
static char lock;

static void *own_take(size_t size)
{
	struct header *h = NULL;
	size_t class = 5;

	while (class < N_CLASSES && (1UL << class) < size + sizeof(*h))
		class ++;
	if (class == N_CLASSES) {
		errno = ENOMEM;
		return NULL;
	}
	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
		;
	if (lists[class]) {
		h = lists[class];
		lists[class] = h->next;
	} else if (arena_used + (1UL << class) <= sizeof(arena)) {
		h = (struct header *)(arena + arena_used);
		arena_used += 1UL << class;
	}
	__atomic_clear(&lock, __ATOMIC_RELEASE);
	if (!h) {
		errno = ENOMEM;
		return NULL;
	}
	h->class = class;
	return h + 1;
}

static struct header *own_header(void *p)
{
	return (struct header *)p - 1;
}

__attribute__((noinline)) void *malloc(size_t size)
{
	void (*hook)(void) = own_hook;

	if (hook)
		hook();
	return own_take(size);
}

__attribute__((noinline)) void free(void *p)
{
	struct header *h;

	if (!p)
		return;
	h = own_header(p);
	if (h->class >= N_CLASSES) /* the inner part of an aligned block: next is the block */
		h = h->next;
	while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE))
		;
	h->next = lists[h->class];
	lists[h->class] = h;
	__atomic_clear(&lock, __ATOMIC_RELEASE);
}

/* Calls malloc on purpose: one allocation, not two. */
void *calloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

void *realloc(void *p, size_t size)
{
	void *q = malloc(size);
	size_t old;

	if (!p || !q)
		return q;
	old = own_header(p)->class < N_CLASSES ? (1UL << own_header(p)->class) - 16 : 0;
	memcpy(q, p, old < size ? old : size);
	free(p);
	return q;
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}

void *memalign(size_t align, size_t size)
{
	struct header *inner;
	uintptr_t start;
	char *p;

	own_return_address = __builtin_return_address(0);
	if (size > sizeof(arena))
		return NULL;
	p = own_take(size + align + sizeof(*inner));
	if (!p)
		return NULL;
	start = ((uintptr_t)p + sizeof(*inner) + align - 1) / align * align;
	inner = own_header((void *)start);
	inner->class = N_CLASSES;
	inner->next = own_header(p);
	return (void *)start;
}

void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	void *p;

	if (align < sizeof(void *) || (align & (align - 1)))
		return EINVAL;
	p = memalign(align, size);
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

void *valloc(size_t size)
{
	return memalign(4096, size);
}

/* Deeper than anybody reads pvalloc's code to see whether it calls another allocator function. */
static __attribute__((noinline)) void *two_below(size_t size)
{
	return memalign(4096, size);
}

static __attribute__((noinline)) void *one_below(size_t size)
{
	return two_below(size);
}

void *pvalloc(size_t size)
{
	return one_below(size);
}

size_t malloc_usable_size(void *p)
{
	return p && own_header(p)->class < N_CLASSES ? (1UL << own_header(p)->class) - 16 : 0;
}

/* C23's and SunOS's ways to free. */
void free_sized(void *p, size_t size)
{
	(void)size;
	free(p);
}

void free_aligned_sized(void *p, size_t align, size_t size)
{
	(void)align;
	(void)size;
	free(p);
}

void cfree(void *p)
{
	free(p);
}
