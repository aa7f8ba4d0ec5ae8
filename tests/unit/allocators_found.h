/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * allocators_found - a process is started, and what allocators__find finds in it is compared with
 * what nm and readelf say of its files.
 */
#ifndef ALLOCATORS_FOUND_H
#define ALLOCATORS_FOUND_H

#include "check.h"
#include "children.h"

#include "probes.h"
#include "target/addrspace.h"
#include "target/allocators.h"

#define MAYBE __attribute__((unused))

static char dir[256];

MAYBE static const char wait_source[] =
	"#include <stdlib.h>\n"
	"#include <unistd.h>\n"
	"int main(void) { char b; void *volatile p = malloc(3); p = realloc(p, 9); free(p);\n"
	"	p = calloc(3, 3); free(p);\n"
	"	while (read(0, &b, 1) == 1) write(1, &b, 1); return 0; }\n";

/* A library with an allocator of its own, as far as it goes. */
MAYBE static const char pool_source[] =
	"#include <stddef.h>\n"
	"static char pool[1 << 20]; static size_t used;\n"
	"void *malloc(size_t n) { n = (n + 31) & ~15ul; used += n;\n"
	"	return pool + used - n + 16; }\n"
	"void free(void *p) { }\n"
	"void *calloc(size_t a, size_t b) { return malloc(a * b); }\n"
	"void *realloc(void *p, size_t n) { return malloc(n); }\n"
	"int in_pool(void) { return 1; }\n";

struct found {
	struct child child;
	struct addrspace *as;
	struct allocators a;
	int err;
};

MAYBE static char *in_dir(const char *name)
{
	static char paths[4][300];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

MAYBE static void look(struct found *f, const struct allocators_opts *opts)
{
	allocators__clear(&f->a);
	f->err = allocators__find(f->as, opts, &f->a);
}

MAYBE static int start(struct found *f, const char *path, const char *variable,
		       const struct allocators_opts *opts)
{
	int err = child_start(&f->child, path, variable);

	memset(&f->a, 0, sizeof(f->a));
	f->as = addrspace__new(f->child.pid);
	if (err)
		return err;
	CHECK(addrspace__refresh(f->as) > 0);
	look(f, opts);
	CHECK_EQ(f->err, 0);
	return 0;
}

MAYBE static void stop(struct found *f)
{
	allocators__clear(&f->a);
	addrspace__free(f->as);
	child_stop(&f->child);
}

/* Offset of the site that stands for symbol, or 0. */
MAYBE static uint64_t site(const struct allocator *a, const char *symbol)
{
	for (size_t i = 0; i < a->n_sites; i++)
		if (!strcmp(entry_points[a->sites[i].entry].symbol, symbol))
			return a->sites[i].offset;
	return 0;
}

MAYBE static bool has_offset(const struct allocator *a, uint64_t offset)
{
	for (size_t i = 0; i < a->n_sites; i++)
		if (a->sites[i].offset == offset)
			return true;
	return false;
}

/* Each site is where the file's symbol is; sites are sorted and unique. */
MAYBE static void check_sites(const struct allocator *a, int dynamic)
{
	CHECK(a->n_sites > 0);
	for (size_t i = 0; i < a->n_sites; i++) {
		const char *symbol = entry_points[a->sites[i].entry].symbol;
		uint64_t offset = true_offset(a->image->path, symbol, dynamic);

		if (a->sites[i].offset != offset)
			printf("  %s in %s\n", symbol, a->image->path);
		CHECK_EQ(a->sites[i].offset, offset);
		if (i)
			CHECK(a->sites[i - 1].offset < a->sites[i].offset);
	}
}

/* All names that nm finds are probed, if not under their own name then at their address. */
MAYBE static void check_complete(const struct allocator *a, int dynamic, const char *const *symbols)
{
	for (; *symbols; symbols++) {
		uint64_t offset = true_offset(a->image->path, *symbols, dynamic);

		if (!offset || !has_offset(a, offset))
			printf("  %s in %s\n", *symbols, a->image->path);
		CHECK(offset && has_offset(a, offset));
	}
}

MAYBE static const char *const c_names[] = {"malloc",	      "calloc",	       "realloc", "free",
					    "posix_memalign", "aligned_alloc", NULL};
#endif
