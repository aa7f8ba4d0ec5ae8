/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/linecache.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "sym/dwarf.h"

struct known {
	uint64_t addr;
	size_t n;
	struct dwarf_frame frames[];
};

struct linecache {
	void *tree;
	size_t n;
};

static int compare(const void *pa, const void *pb)
{
	const struct known *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static void free_known(void *p)
{
	struct known *e = p;
	size_t i;

	for (i = 0; i < e->n; i++) {
		free((char *)e->frames[i].name);
		free((char *)e->frames[i].path);
	}
	free(e);
}

struct linecache *linecache__new(void)
{
	return calloc(1, sizeof(struct linecache));
}

void linecache__free(struct linecache *c)
{
	if (!c)
		return;
	tdestroy(c->tree, free_known);
	free(c);
}

static bool copy(const char *from, const char **to)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

int linecache__add(struct linecache *c, uint64_t addr, const struct dwarf_frame *frames, size_t n)
{
	struct known *e, **at;
	bool ok = true;
	size_t i;

	if (c->n >= LINECACHE_MAX)
		return 0;
	e = calloc(1, sizeof(*e) + n * sizeof(*frames));
	if (!e)
		return -ENOMEM;
	e->addr = addr;
	e->n = n;
	for (i = 0; i < n; i++) {
		e->frames[i].line = frames[i].line;
		e->frames[i].inlined = frames[i].inlined;
		ok = copy(frames[i].name, &e->frames[i].name) && ok;
		ok = copy(frames[i].path, &e->frames[i].path) && ok;
	}
	at = ok ? tsearch(e, &c->tree, compare) : NULL;
	if (at && *at == e) {
		c->n++;
		return 0;
	}
	free_known(e);
	return at ? 0 : -ENOMEM;
}

bool linecache__find(const struct linecache *c, uint64_t addr, struct dwarf_frame *frames,
		     size_t *n)
{
	const struct known key = {.addr = addr}, *const *at = tfind(&key, &c->tree, compare);

	if (!at)
		return false;
	*n = (*at)->n;
	if (*n)
		memcpy(frames, (*at)->frames, *n * sizeof(*frames));
	return true;
}
