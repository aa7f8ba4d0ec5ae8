/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contents/classes.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/procmem.h"
#include "report/strtab.h"
#include "sym/demangle.h"
#include "target/maps.h"

#define CACHE 4096 /* answers kept: objects of few classes are many */
#define MAX_NAME 1000
#define MAX_OBJECT (1LL << 32) /* bytes a base may lie from its object's start */

struct answer {
	uint64_t vtable;
	const char *name;
};

struct classes {
	struct procmem mem;
	const struct maps *maps;
	struct answer cache[CACHE];
	struct strtab names;
};

struct classes *classes__new(pid_t pid, const struct maps *maps)
{
	struct classes *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	procmem__open(&c->mem, pid);
	c->maps = maps;
	strtab__init(&c->names);
	return c;
}

void classes__free(struct classes *c)
{
	if (!c)
		return;
	strtab__clear(&c->names);
	procmem__close(&c->mem);
	free(c);
}

static bool is_file(const struct classes *c, uint64_t addr, bool exec)
{
	const struct mapping *m = maps__find(c->maps, addr);

	return m && m->inode && m->read && m->exec == exec;
}

/* A type's name as the compiler writes it, without the mark of those that are a file's own. */
static bool read_name(const struct classes *c, uint64_t addr, char name[MAX_NAME + 1])
{
	const struct mapping *m = maps__find(c->maps, addr);
	size_t n, i;

	if (!m || !m->inode || !m->read)
		return false;
	n = m->end - addr < MAX_NAME ? m->end - addr : MAX_NAME;
	if (!procmem__read(&c->mem, addr, name, n))
		return false;
	name[n] = '\0';
	if (name[0] == '*')
		memmove(name, name + 1, n);
	if (!isdigit((unsigned char)name[0]) && !(name[0] && strchr("NSZ", name[0])))
		return false;
	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_$.", name[i]))
			return false;
	return i < n;
}

/* "typeinfo name for X" is how names of this kind are demangled. */
static const char *demangle(struct classes *c, const char *mangled)
{
	static const char before[] = "typeinfo name for ";
	char symbol[MAX_NAME + 5 + 1], *plain;
	const char *name;
	uint32_t i;

	snprintf(symbol, sizeof(symbol), "_ZTS%s", mangled);
	plain = demangle__name(symbol);
	name = plain && !strncmp(plain, before, strlen(before)) ? plain + strlen(before) : mangled;
	i = strtab__add(&c->names, name, strlen(name));
	free(plain);
	return i == STRTAB_NONE ? NULL : c->names.text[i];
}

static const char *find(struct classes *c, uint64_t vtable)
{
	struct {
		int64_t offset;
		uint64_t type, first;
	} table;
	uint64_t type[2];
	char mangled[MAX_NAME + 1];

	if (vtable % 8 || vtable < 4096 || !is_file(c, vtable - sizeof(table), false) ||
	    !procmem__read(&c->mem, vtable - 16, &table, sizeof(table)))
		return NULL;
	if (table.offset > 0 || table.offset < -MAX_OBJECT || !is_file(c, table.first, true) ||
	    !procmem__read(&c->mem, table.type, type, sizeof(type)) ||
	    !read_name(c, type[1], mangled))
		return NULL;
	return demangle(c, mangled);
}

const char *classes__name(struct classes *c, uint64_t vtable)
{
	struct answer *a = &c->cache[(vtable >> 3) * 0x9E3779B97F4A7C15ULL >> 52];

	if (a->vtable != vtable)
		*a = (struct answer){vtable, find(c, vtable)};
	return a->name;
}
