/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden - compares with a file of tests/golden. A wanted change: run with UPDATE_GOLDEN=1, then
 * read the difference.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "check.h"

#include <stdlib.h>

static char *golden__path(char path[4096], const char *name)
{
	const char *here = strrchr(__FILE__, '/');

	snprintf(path, 4096, "%.*s../golden/%s", here ? (int)(here + 1 - __FILE__) : 0, __FILE__,
		 name);
	return path;
}

/* The whole file; a NUL follows. NULL: it cannot be read. */
static char *golden__read(const char *name, size_t *size)
{
	char path[4096], *data = NULL;
	FILE *f = fopen(golden__path(path, name), "r"), *mem;
	int c;

	if (!f)
		return NULL;
	mem = open_memstream(&data, size);
	while ((c = fgetc(f)) != EOF)
		fputc(c, mem);
	fclose(mem);
	fclose(f);
	return data;
}

static void golden__update(const char *name, const char *data, size_t size)
{
	char path[4096];
	FILE *f;

	if (!getenv("UPDATE_GOLDEN"))
		return;
	f = fopen(golden__path(path, name), "w");
	if (!f)
		return;
	fwrite(data, 1, size, f);
	fclose(f);
}
#endif
