/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shim - to be preloaded: wraps libc's allocator as many tools do. One allocation, not two. */
#include <dlfcn.h>
#include <stddef.h>

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

void *malloc(size_t size)
{
	static void *(*real)(size_t);

	if (!real)
		real = (void *(*)(size_t))next("malloc");
	return real(size);
}

void free(void *p)
{
	static void (*real)(void *);

	if (!real)
		real = (void (*)(void *))next("free");
	real(p);
}

void *realloc(void *p, size_t size)
{
	static void *(*real)(void *, size_t);

	if (!real)
		real = (void *(*)(void *, size_t))next("realloc");
	return real(p, size);
}
