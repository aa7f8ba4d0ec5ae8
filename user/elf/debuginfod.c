/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debuginfod - debuginfod_find_debuginfo(3) through dlopen: most users never need the client, and
 * it would bring libcurl into a program that runs as root.
 */
#include "elf/debuginfod.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

typedef void *(*begin_fn)(void);
typedef int (*find_fn)(void *client, const unsigned char *build_id, int size, char **path);
typedef void (*end_fn)(void *client);

int debuginfod__fetch(const uint8_t *build_id, size_t size)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	int ret = -ENOTSUP;
	begin_fn begin;
	find_fn find;
	void *client;
	end_fn end;
	void *lib;

	if (!urls || !*urls || !size || size > INT_MAX)
		return -ENOENT;
	/* Never closed: libcurl does not survive being unloaded. */
	lib = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!lib)
		return ret;
	begin = (begin_fn)dlsym(lib, "debuginfod_begin");
	find = (find_fn)dlsym(lib, "debuginfod_find_debuginfo");
	end = (end_fn)dlsym(lib, "debuginfod_end");
	if (!begin || !find || !end)
		goto cleanup;
	ret = -ENOMEM;
	client = begin();
	if (!client)
		goto cleanup;
	ret = find(client, build_id, (int)size, NULL);
	end(client);

cleanup:
	dlclose(lib);
	return ret;
}
