/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf/code.h"
#include "elf/elfimg.h"
#include "probes.h"
#include "render/render.h"
#include "session.h"
#include "target/addrspace.h"
#include "target/allocators.h"

/* A file with the places that are probed in it. */
struct probed {
	const struct image *image;
	const char *kind;
	uint64_t *offsets;
	size_t n;	  /* offsets, probed or left out for a reason */
	size_t functions; /* probed */
	bool current;	  /* belongs to the running program: see attacher__reset */
};

struct attacher {
	struct session *session;
	const struct addrspace *as;
	const struct allocators_opts *opts;
	struct probed *files;
	size_t n_files;
	bool stripped;
	size_t n_unreadable; /* functions whose returns were not found */
};

struct attacher *attacher__new(struct session *session, const struct addrspace *as,
			       const struct allocators_opts *opts)
{
	struct attacher *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->session = session;
	a->as = as;
	a->opts = opts;
	return a;
}

void attacher__free(struct attacher *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->n_files; i++)
		free(a->files[i].offsets);
	free(a->files);
	free(a);
}

static bool is_same_file(const struct image *a, const struct image *b)
{
	return a == b || (a->inode == b->inode && a->dev_major == b->dev_major &&
			  a->dev_minor == b->dev_minor);
}

static struct probed *find_file(const struct attacher *a, const struct image *image)
{
	size_t i;

	for (i = 0; i < a->n_files; i++)
		if (is_same_file(a->files[i].image, image))
			return &a->files[i];
	return NULL;
}

static struct probed *get_file(struct attacher *a, const struct allocator *alloc)
{
	struct probed *f = find_file(a, alloc->image), *files;

	if (!f) {
		files = realloc(a->files, (a->n_files + 1) * sizeof(*files));
		if (!files)
			return NULL;
		a->files = files;
		f = &files[a->n_files++];
		*f = (struct probed){.image = alloc->image};
	}
	f->kind = alloc->kind;
	f->current = true;
	return f;
}

static bool is_probed(const struct probed *f, uint64_t offset)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->offsets[i] == offset)
			return true;
	return false;
}

static uint64_t cookie_of(size_t entry)
{
	const struct entry_point *e = &entry_points[entry];

	return PROBE_COOKIE(e->op, entry, e->size_arg, e->count_arg, e->ptr_arg);
}

/* The sites of one object, as they are collected. */
struct site_list {
	struct session_site *site;
	size_t n, room;
};

static int add_site(struct site_list *list, uint64_t offset, uint64_t cookie,
		    enum session_site_kind kind)
{
	struct session_site *site;
	size_t i;

	for (i = 0; i < list->n; i++) /* functions may share a return instruction */
		if (list->site[i].offset == offset)
			return 0;
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;

		site = realloc(list->site, room * sizeof(*site));
		if (!site)
			return -ENOMEM;
		list->site = site;
		list->room = room;
	}
	list->site[list->n++] = (struct session_site){offset, cookie, kind};
	return 0;
}

/* Does it hand over to another function of the object that is probed: delete to free, new[] to new?
 */
static bool passes_through(const struct allocator *alloc, size_t self, const struct code *code)
{
	const struct elfimg *elf = alloc->image->elf;
	bool frees = entry_points[alloc->sites[self].entry].op == PROBE_OP_FREE;
	uint64_t vaddr;
	size_t i;

	for (i = 0; i < alloc->n_sites; i++)
		if (i != self &&
		    (entry_points[alloc->sites[i].entry].op == PROBE_OP_FREE) == frees &&
		    elfimg__offset_to_vaddr(elf, alloc->sites[i].offset, &vaddr) &&
		    code__reaches(code, vaddr))
			return true;
	return false;
}

/* Where the probe on the function at offset goes: an instruction that the kernel can emulate, if
 * possible. */
static uint64_t place(const struct allocator *alloc, uint64_t offset)
{
	const struct elfimg *elf = alloc->image->elf;
	uint64_t vaddr, placed;

	if (!elf || !elfimg__offset_to_vaddr(elf, offset, &vaddr) ||
	    !elfimg__vaddr_to_offset(elf, code__probe_point(elf, vaddr), &placed))
		return offset;
	return placed;
}

/* A function that may throw: its entry, and each of its return instructions. */
static int add_throwing(struct site_list *list, const struct allocator *alloc, size_t i,
			const struct code *code)
{
	const struct elfimg *elf = alloc->image->elf;
	uint64_t offset;
	size_t k;
	int err;

	err = add_site(list, place(alloc, alloc->sites[i].offset),
		       cookie_of(alloc->sites[i].entry) | PROBE_COOKIE_BY_EXIT, SESSION_ENTER);
	for (k = 0; k < code->n_returns && !err; k++)
		if (elfimg__vaddr_to_offset(elf, code->returns[k], &offset))
			err = add_site(list, offset, 0, SESSION_EXIT);
	return err;
}

static int add_function(struct attacher *a, struct site_list *list, const struct allocator *alloc,
			size_t i)
{
	const struct probe_site *site = &alloc->sites[i];
	const struct entry_point *e = &entry_points[site->entry];
	bool throws = entry_point__may_throw(e);
	struct code code = {0};
	uint64_t vaddr;
	int err;

	if (e->is_cxx || throws) {
		err = -EINVAL;
		if (elfimg__offset_to_vaddr(alloc->image->elf, site->offset, &vaddr))
			err = code__explore(alloc->image->elf, vaddr, &code);
		if (!err && passes_through(alloc, i, &code))
			return 0;
		if (err && throws) {
			a->n_unreadable++;
			return 0; /* a return probe would break its exceptions */
		}
	}
	if (throws)
		return add_throwing(list, alloc, i, &code);
	return add_site(list, place(alloc, site->offset), cookie_of(site->entry),
			e->op == PROBE_OP_FREE ? SESSION_FREE : SESSION_CALL);
}

/* Probe the functions of one object that are not probed yet. Returns how many, or negative errno.
 */
static int attach_one(struct attacher *a, const struct allocator *alloc)
{
	struct probed *f = get_file(a, alloc);
	struct site_list list = {0};
	uint64_t *offsets;
	size_t functions = 0, i;
	int err = -ENOMEM;

	if (!f)
		return -ENOMEM;
	offsets = realloc(f->offsets, (f->n + alloc->n_sites + 1) * sizeof(*offsets));
	if (!offsets)
		goto cleanup;
	f->offsets = offsets;
	for (i = 0; i < alloc->n_sites; i++) {
		size_t before = list.n;

		if (is_probed(f, alloc->sites[i].offset))
			continue;
		err = add_function(a, &list, alloc, i);
		if (err)
			goto cleanup;
		/* those left out as well, so as not to look at them at each refresh */
		offsets[f->n++] = alloc->sites[i].offset;
		functions += list.n > before;
	}
	err = 0;
	if (list.n)
		err = session__attach(a->session, alloc->image->open_path, list.site, list.n);
	if (err >= 0) {
		f->functions += functions;
		err = (int)functions;
	}
cleanup:
	free(list.site);
	return err;
}

int attacher__update(struct attacher *a, FILE *announce)
{
	struct allocators found;
	int err, done, total = 0;
	size_t i;

	err = allocators__find(a->as, a->opts, &found);
	if (err)
		return err;
	a->stripped = found.n_stripped > 0;
	for (i = 0; i < found.n; i++) {
		done = attach_one(a, &found.list[i]);
		if (done < 0) {
			err = done;
			continue;
		}
		total += done;
		if (done && announce) {
			fprintf(announce, "memleak-bpf: %s in ", found.list[i].kind);
			render__escape(announce, found.list[i].image->path);
			fprintf(announce, " was loaded, %d probes; covered from now on\n", done);
		}
	}
	allocators__clear(&found);
	return total ? total : err;
}

size_t attacher__probes(const struct attacher *a)
{
	size_t n = 0, i;

	for (i = 0; i < a->n_files; i++)
		if (a->files[i].current)
			n += a->files[i].functions;
	return n;
}

void attacher__describe(const struct attacher *a, FILE *out)
{
	const char *separator = "";
	size_t i;

	for (i = 0; i < a->n_files; i++) {
		if (!a->files[i].current || !a->files[i].functions)
			continue;
		fprintf(out, "%s%s in ", separator, a->files[i].kind);
		render__escape(out, a->files[i].image->path);
		separator = ", ";
	}
}

bool attacher__stripped(const struct attacher *a)
{
	return a->stripped;
}

size_t attacher__unreadable(const struct attacher *a)
{
	return a->n_unreadable;
}

bool attacher__is_probed(const struct attacher *a, const struct image *image)
{
	const struct probed *f = image ? find_file(a, image) : NULL;

	return f && f->functions;
}

bool attacher__is_allocator(const struct attacher *a, const struct image *image)
{
	const struct probed *f = image ? find_file(a, image) : NULL;

	/* a C library, or the program itself, also maps for other purposes */
	return f && f->functions && !image->is_exe && strcmp(f->kind, "glibc malloc") &&
	       strcmp(f->kind, "musl malloc");
}

void attacher__reset(struct attacher *a)
{
	size_t i;

	for (i = 0; i < a->n_files; i++)
		a->files[i].current = false;
}
