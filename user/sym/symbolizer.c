/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbolizer - symbol table and DWARF put together, with a cache.
 *
 * The name of a real function is the symbol's, because that is what the user calls (DWARF knows
 * malloc as __libc_malloc); inlined functions have only DWARF.
 */
#include "sym/symbolizer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/debugfile.h"
#include "elf/elfimg.h"
#include "sym/demangle.h"
#include "sym/dwarf.h"
#include "sym/strpool.h"
#include "sym/symtab.h"

/* What is known of an image; made when it is first asked about. */
struct module {
	struct module *next;
	struct elfimg *img;   /* the caller's */
	struct elfimg *debug; /* separate debug file, NULL: none */
	struct elfimg *mini;  /* unpacked .gnu_debugdata, NULL: none */
	struct symtab *symtab;
	struct dwarf_info *dwarf; /* NULL: none */
};

struct answer {
	struct answer *next;
	const struct elfimg *img;
	uint64_t vaddr;
	size_t n;
	struct sym_frame frames[];
};

struct symbolizer {
	bool demangle;
	char *debug_dir;
	struct debugfile_opts files;
	struct strpool *strings;
	struct module *modules;
	struct answer **buckets;
	size_t n_buckets; /* a power of two */
	size_t n_answers;
};

struct symbolizer *symbolizer__new(const struct symbolizer_opts *opts)
{
	struct symbolizer *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->demangle = opts->demangle;
	s->n_buckets = 1024;
	s->buckets = calloc(s->n_buckets, sizeof(struct answer *));
	s->strings = strpool__new();
	if (!s->buckets || !s->strings)
		goto fail;
	if (opts->debug_dir) {
		s->debug_dir = strdup(opts->debug_dir);
		if (!s->debug_dir)
			goto fail;
	}
	s->files.debug_dir = s->debug_dir;
	s->files.debuginfod = opts->debuginfod;
	return s;

fail:
	symbolizer__free(s);
	return NULL;
}

static void module__free(struct module *m)
{
	if (!m)
		return;
	dwarf_info__free(m->dwarf);
	symtab__free(m->symtab);
	elfimg__free(m->mini);
	elfimg__free(m->debug);
	free(m);
}

void symbolizer__free(struct symbolizer *s)
{
	if (!s)
		return;
	for (struct module *m = s->modules, *next; m; m = next) {
		next = m->next;
		module__free(m);
	}
	for (size_t i = 0; s->buckets && i < s->n_buckets; i++) {
		for (struct answer *a = s->buckets[i], *next; a; a = next) {
			next = a->next;
			free(a);
		}
	}
	free(s->buckets);
	strpool__free(s->strings);
	free(s->debug_dir);
	free(s);
}

/* Only a lack of memory is an error: an image without debug information is usual. */
static int module__new(const struct symbolizer *s, struct elfimg *img, struct module **out)
{
	struct module *m = calloc(1, sizeof(*m));
	const struct elfimg *tables[3];
	struct elfimg *with_dwarf;
	int err = -ENOMEM;

	*out = NULL;
	if (!m)
		goto cleanup;
	m->img = img;
	if (!debugfile__has_dwarf(img) || !elfimg__has_symtab(img)) {
		err = debugfile__find(img, &s->files, &m->debug);
		if (err == -ENOMEM)
			goto cleanup;
	}
	if (!elfimg__has_symtab(img) && (!m->debug || !elfimg__has_symtab(m->debug))) {
		err = debugfile__mini(img, &m->mini);
		if (err == -ENOMEM)
			goto cleanup;
	}
	tables[0] = img;
	tables[1] = m->debug;
	tables[2] = m->mini;
	err = symtab__new(tables, 3, &m->symtab);
	if (err)
		goto cleanup;

	with_dwarf = debugfile__has_dwarf(img) ? img : m->debug;
	if (with_dwarf && debugfile__has_dwarf(with_dwarf)) {
		err = dwarf_info__new(with_dwarf, img, &s->files, &m->dwarf);
		if (err == -ENOMEM)
			goto cleanup;
	}
	err = 0;
	*out = m;
	m = NULL;

cleanup:
	module__free(m);
	return err;
}

static int find_module(struct symbolizer *s, struct elfimg *img, struct module **out)
{
	int err;

	for (struct module *m = s->modules; m; m = m->next) {
		if (m->img == img) {
			*out = m;
			return 0;
		}
	}
	err = module__new(s, img, out);
	if (err)
		return err;
	(*out)->next = s->modules;
	s->modules = *out;
	return 0;
}

static struct answer **bucket_of(const struct symbolizer *s, const struct elfimg *img,
				 uint64_t vaddr)
{
	uint64_t h = (vaddr ^ (uintptr_t)img) * 0x9e3779b97f4a7c15; /* Fibonacci hashing */

	return &s->buckets[(h >> 32) & (s->n_buckets - 1)];
}

/* A table that cannot grow stays correct, only slower. */
static void grow(struct symbolizer *s)
{
	struct answer **old = s->buckets;
	size_t n_old = s->n_buckets;
	struct answer **buckets = calloc(n_old * 2, sizeof(struct answer *));

	if (!buckets)
		return;
	s->buckets = buckets;
	s->n_buckets = n_old * 2;
	for (size_t i = 0; i < n_old; i++) {
		for (struct answer *a = old[i], *next; a; a = next) {
			struct answer **b = bucket_of(s, a->img, a->vaddr);

			next = a->next;
			a->next = *b;
			*b = a;
		}
	}
	free(old);
}

/* Put text into the pool, demangled if wanted. NULL text: *out is NULL. */
static int keep(struct symbolizer *s, const char *text, bool demangle, const char **out)
{
	char *readable;

	*out = NULL;
	if (!text)
		return 0;
	readable = demangle && s->demangle ? demangle__name(text) : NULL;
	*out = strpool__add(s->strings, readable ? readable : text);
	free(readable);
	return *out ? 0 : -ENOMEM;
}

/* As addr2line has it: compilers are told of sources relative to where they run. */
static int keep_path(struct symbolizer *s, const struct dwarf_frame *from, const char **out)
{
	char path[PATH_MAX];
	int n = 0;

	if (from->path && *from->path != '/' && from->dir && *from->dir == '/')
		n = snprintf(path, sizeof(path), "%s/%s", from->dir, from->path);
	return keep(s, n > 0 && (size_t)n < sizeof(path) ? path : from->path, false, out);
}

static int fill(struct symbolizer *s, const struct dwarf_frame *from, struct sym_frame *to)
{
	int err = keep(s, from->name, true, &to->function);

	if (!err)
		err = keep_path(s, from, &to->path);
	if (err)
		return err;
	if (to->path) {
		const char *slash = strrchr(to->path, '/');

		to->file = slash && slash[1] ? slash + 1 : to->path;
	}
	to->line = from->line;
	to->inlined = from->inlined;
	return 0;
}

static int resolve(struct symbolizer *s, struct elfimg *img, uint64_t vaddr, struct answer **out)
{
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	struct symtab_hit hit;
	struct answer *a = NULL;
	struct dwarf_frame *fn;
	struct module *m;
	uint64_t start = 0;
	size_t n = 0;
	int err;

	*out = NULL;
	err = find_module(s, img, &m);
	if (!err && m->dwarf)
		err = dwarf_info__lookup(m->dwarf, vaddr, frames, &n, &start);
	if (err)
		return err;
	if (!n) {
		frames[0] = (struct dwarf_frame){0};
		n = 1;
	}
	fn = &frames[n - 1];
	/* The extent of a symbol without size is a guess; DWARF, where it knows, is not. */
	if (symtab__find(m->symtab, vaddr, &hit) && (hit.sized || !fn->name)) {
		fn->name = hit.name;
		start = hit.start;
	}

	a = calloc(1, sizeof(*a) + n * sizeof(a->frames[0]));
	if (!a)
		return -ENOMEM;
	a->img = img;
	a->vaddr = vaddr;
	a->n = n;
	for (size_t i = 0; i < n && !err; i++)
		err = fill(s, &frames[i], &a->frames[i]);
	if (err) {
		free(a);
		return err;
	}
	if (fn->name)
		a->frames[n - 1].offset = vaddr - start;
	*out = a;
	return 0;
}

int symbolizer__resolve(struct symbolizer *s, struct elfimg *img, uint64_t vaddr,
			const struct sym_frame **frames, size_t *n)
{
	struct answer **bucket = bucket_of(s, img, vaddr);
	struct answer *a;
	int err;

	for (a = *bucket; a; a = a->next)
		if (a->img == img && a->vaddr == vaddr)
			break;
	if (!a) {
		err = resolve(s, img, vaddr, &a);
		if (err)
			return err;
		a->next = *bucket;
		*bucket = a;
		if (++s->n_answers > s->n_buckets)
			grow(s);
	}
	*frames = a->frames;
	*n = a->n;
	return 0;
}
