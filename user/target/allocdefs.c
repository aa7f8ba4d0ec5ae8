/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/allocdefs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg.h"
#include "probes.h"
#include "target/dynamic.h"
#include "target/names.h"

/* Far above what the table has names for: local functions may share a name, without bound. */
enum {
	MAX_DEFS = 512
};

struct scan {
	struct allocdefs *defs;
	const struct elfimg *img;
	const struct names *names;
	bool use_symtab;
	bool no_memory;
	size_t room;
};

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

static void recognise(struct allocdefs *defs, const char *name)
{
	static const struct {
		const char *name;
		size_t flag;
	} marks[] = {
#define MARK(name, field) {name, offsetof(struct allocdefs, field)}
		MARK("mallctl", has_jemalloc),
		MARK("je_mallctl", has_jemalloc),
		MARK("_rjem_mallctl", has_jemalloc),
		MARK("malloc_stats_print", has_jemalloc),
		MARK("mi_malloc", has_mimalloc),
		MARK("tc_malloc", has_tcmalloc),
		MARK("gnu_get_libc_version", has_glibc),
		/* In static programs the former may be missing: glibc's malloc/malloc.c. */
		MARK("_int_malloc", has_glibc),
		MARK("__malloc_hugepage_config", has_glibc),
		/* musl: ldso/dynlink.c, src/env/__libc_start_main.c, src/malloc/lite_malloc.c */
		MARK("__dls3", has_musl),
		MARK("__init_libc", has_musl),
		MARK("__libc_malloc_impl", has_musl),
#undef MARK
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strcmp(name, marks[i].name))
			*(bool *)((char *)defs + marks[i].flag) = true;
	if (starts_with(name, "MallocExtension_"))
		defs->has_tcmalloc = true;
}

static bool is_c_allocation(size_t entry)
{
	return names__is_standard(entry) && !entry_points[entry].is_cxx &&
	       entry_points[entry].op != PROBE_OP_FREE;
}

static int add_def(struct scan *scan, size_t entry, uint64_t offset, bool exported)
{
	struct allocdefs *defs = scan->defs;

	for (size_t i = 0; i < defs->n; i++)
		if (defs->def[i].entry == entry && defs->def[i].offset == offset)
			return 0; /* .dynsym came first: exported is right */
	if (defs->n == MAX_DEFS)
		return 0;
	if (defs->n == scan->room) {
		size_t more = scan->room ? scan->room * 2 : 32;
		void *grown = reallocarray(defs->def, more, sizeof(*defs->def));

		if (!grown) {
			scan->no_memory = true;
			return 1;
		}
		defs->def = grown;
		scan->room = more;
	}
	defs->def[defs->n++] = (struct allocdef){entry, offset, exported};
	if (!strcmp(entry_points[entry].symbol, "malloc"))
		defs->defines_malloc = true;
	if (!exported && is_c_allocation(entry))
		defs->defines_local_malloc = true;
	if (!exported && !strcmp(entry_points[entry].symbol, "free"))
		defs->defines_local_free = true;
	return 0;
}

static int visit(const struct elf_sym *sym, void *arg)
{
	struct scan *scan = arg;
	uint64_t offset;
	size_t entry;

	if (!sym->is_dynamic && !scan->use_symtab)
		return 1;
	if (sym->is_defined)
		recognise(scan->defs, sym->name);
	if (!names__find(scan->names, sym->name, &entry))
		return 0;
	if (!sym->is_defined) {
		if (is_c_allocation(entry))
			scan->defs->imports_malloc = true;
		return 0;
	}
	/* An indirect function's symbol is that of its resolver, which runs once. */
	if (!sym->is_func || sym->is_ifunc || !dynamic__code_offset(scan->img, sym->vaddr, &offset))
		return 0;
	return add_def(scan, entry, offset, sym->is_dynamic && sym->is_global);
}

int allocdefs__scan(struct allocdefs *defs, const struct elfimg *img, const struct names *names,
		    bool use_symtab)
{
	struct scan scan = {
		.defs = defs,
		.img = img,
		.names = names,
		.use_symtab = use_symtab,
	};
	int err;

	memset(defs, 0, sizeof(*defs));
	/* A file whose symbols can't be read is one without symbols. */
	err = elfimg__for_each_sym(img, visit, &scan);
	if (!scan.no_memory && err != -ENOMEM)
		return 0;
	allocdefs__clear(defs);
	return -ENOMEM;
}

void allocdefs__clear(struct allocdefs *defs)
{
	if (!defs)
		return;
	free(defs->def);
	memset(defs, 0, sizeof(*defs));
}

bool allocdefs__is_replacement(const struct allocdefs *defs)
{
	return defs->defines_malloc &&
	       (defs->has_jemalloc || defs->has_mimalloc || defs->has_tcmalloc);
}

const char *allocdefs__kind(const struct allocdefs *defs)
{
	/* A replacement linked into a static program stands beside what it replaces. */
	if (defs->has_jemalloc)
		return "jemalloc";
	if (defs->has_mimalloc)
		return "mimalloc";
	if (defs->has_tcmalloc)
		return "tcmalloc";
	if (defs->has_glibc)
		return "glibc malloc";
	if (defs->has_musl || (defs->is_interp && defs->defines_malloc))
		return "musl malloc";
	return "malloc";
}
