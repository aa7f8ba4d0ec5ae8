/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/allocators.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "elf/elfimg.h"
#include "probes.h"
#include "target/addrspace.h"
#include "target/allocdefs.h"
#include "target/dynamic.h"
#include "target/names.h"
#include "target/scope.h"

/* All that is known of the target's objects while we choose among them. */
struct choice {
	const struct allocators_opts *opts;
	struct names *names;
	struct allocdefs *defs; /* what each object defines */
	struct dynamic *dyn;
	struct scope_object *objects;
	size_t n;
	size_t *order; /* the global scope, then the other objects */
	size_t n_scope;
	size_t *owner; /* per entry point: the object that defines it for the global scope, or n */
	size_t replacement; /* a full replacement of libc's allocator in the global scope, or n */
};

static void clear_choice(struct choice *c)
{
	for (size_t i = 0; i < c->n; i++) {
		allocdefs__clear(&c->defs[i]);
		dynamic__clear(&c->dyn[i]);
	}
	free(c->defs);
	free(c->dyn);
	free(c->objects);
	free(c->order);
	free(c->owner);
	names__free(c->names);
}

static bool is_wanted(const struct scope_object *object, const char *wanted)
{
	const struct image *image = object->image;
	size_t len = strlen(wanted);
	struct stat st, ours;

	if (strchr(wanted, '/')) {
		if (!strcmp(image->path, wanted))
			return true;
		return image->fd >= 0 && !stat(wanted, &st) && !fstat(image->fd, &ours) &&
		       st.st_dev == ours.st_dev && st.st_ino == ours.st_ino;
	}
	if (scope__is_named(object, wanted, 0))
		return true;
	/* "c" as for the linker's -l. */
	return !strncmp(image->name, "lib", 3) && !strncmp(image->name + 3, wanted, len) &&
	       !strncmp(image->name + 3 + len, ".so", 3);
}

static int collect_objects(struct choice *c, const struct addrspace *as)
{
	const struct image *const *images;
	size_t n;

	images = addrspace__images(as, &n);
	c->names = names__new(c->opts->prefix);
	c->defs = calloc(n + 1, sizeof(*c->defs));
	c->dyn = calloc(n + 1, sizeof(*c->dyn));
	c->objects = calloc(n + 1, sizeof(*c->objects));
	c->order = calloc(n + 1, sizeof(*c->order));
	c->owner = calloc(n_entry_points, sizeof(*c->owner));
	if (!c->names || !c->defs || !c->dyn || !c->objects || !c->order || !c->owner)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err;

		if (!images[i]->mapped || !images[i]->elf)
			continue;
		err = dynamic__read(images[i]->elf, &c->dyn[c->n]);
		if (err)
			return err;
		c->objects[c->n].image = images[i];
		c->objects[c->n].dyn = &c->dyn[c->n];
		c->n++;
	}
	return 0;
}

static int order_objects(struct choice *c, pid_t pid)
{
	char *preload = NULL;
	size_t n;
	int err;

	err = scope__read_preload(pid, &preload);
	if (err)
		return err;
	n = c->n_scope = scope__order(c->objects, c->n, preload, pid, c->order);
	free(preload);
	for (size_t i = 0; i < c->n; i++) {
		size_t at = 0;

		while (at < c->n_scope && c->order[at] != i)
			at++;
		if (at == c->n_scope)
			c->order[n++] = i;
	}
	return 0;
}

/* For each standard name the first object of the global scope that exports it. */
static void find_owners(struct choice *c)
{
	c->replacement = c->n;
	for (size_t i = 0; i < n_entry_points; i++)
		c->owner[i] = c->n;
	for (size_t i = 0; i < c->n_scope; i++) {
		const struct allocdefs *defs = &c->defs[c->order[i]];

		for (size_t j = 0; j < defs->n; j++) {
			const struct allocdef *def = &defs->def[j];

			if (!def->exported || c->owner[def->entry] != c->n)
				continue;
			c->owner[def->entry] = c->order[i];
			if (!strcmp(entry_points[def->entry].symbol, "malloc") &&
			    allocdefs__is_replacement(defs))
				c->replacement = c->order[i];
		}
	}
}

static bool is_chosen(const struct choice *c, size_t object, bool in_scope,
		      const struct allocdef *def)
{
	const struct allocdefs *defs = &c->defs[object];

	if (entry_points[def->entry].is_cxx && defs->imports_malloc && !defs->defines_malloc)
		return false;
	if (c->opts->object || c->opts->prefix || !names__is_standard(def->entry))
		return true;
	/* A program's own functions that are merely called like that. C++ names can't be. */
	if (!def->exported && c->dyn[object].interp && !entry_points[def->entry].is_cxx &&
	    !(defs->defines_local_malloc && defs->defines_local_free))
		return false;
	if (!in_scope || !def->exported)
		return true;
	/*
	 * What a replacement leaves to libc either calls back into it (reallocarray) or makes
	 * blocks that its free can't take (pvalloc): nobody's.
	 */
	if (c->replacement < c->n && c->replacement != object && !entry_points[def->entry].is_cxx)
		return false;
	return c->owner[def->entry] == object;
}

static int by_offset(const void *a, const void *b)
{
	const struct probe_site *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* Takes over sites. */
static int add_allocator(struct allocators *out, const struct image *image, const char *kind,
			 struct probe_site *sites, size_t n)
{
	size_t unique = 0;
	void *grown;

	if (!n) {
		free(sites);
		return 0;
	}
	grown = reallocarray(out->list, out->n + 1, sizeof(*out->list));
	if (!grown) {
		free(sites);
		return -ENOMEM;
	}
	out->list = grown;
	qsort(sites, n, sizeof(*sites), by_offset);
	for (size_t i = 0; i < n; i++)
		if (!unique || sites[i].offset != sites[unique - 1].offset)
			sites[unique++] = sites[i];
	out->list[out->n++] = (struct allocator){
		.image = image,
		.kind = kind,
		.sites = sites,
		.n_sites = unique,
	};
	return 0;
}

static int choose_sites(struct choice *c, struct allocators *out)
{
	for (size_t i = 0; i < c->n; i++) {
		size_t object = c->order[i], n = 0;
		const struct allocdefs *defs = &c->defs[object];
		struct probe_site *sites;
		int err;

		if (!defs->n)
			continue;
		sites = calloc(defs->n, sizeof(*sites));
		if (!sites)
			return -ENOMEM;
		for (size_t j = 0; j < defs->n; j++) {
			if (!is_chosen(c, object, i < c->n_scope, &defs->def[j]))
				continue;
			sites[n].entry = defs->def[j].entry;
			sites[n++].offset = defs->def[j].offset;
		}
		err = add_allocator(out, c->objects[object].image, allocdefs__kind(defs), sites, n);
		if (err)
			return err;
	}
	return 0;
}

/* "NAME=ADDRESS", up to the comma or the end. */
static int parse_offset(const struct choice *c, const struct elfimg *img, const char *text,
			size_t len, struct probe_site *site)
{
	const char *eq = memchr(text, '=', len);
	char name[64], number[32], *end;
	size_t number_len;
	uint64_t vaddr;

	if (!eq || (size_t)(eq - text) >= sizeof(name))
		return -EINVAL;
	number_len = len - (eq + 1 - text);
	if (number_len >= sizeof(number))
		return -EINVAL;
	memcpy(name, text, eq - text);
	name[eq - text] = '\0';
	memcpy(number, eq + 1, number_len);
	number[number_len] = '\0';
	if (!names__find(c->names, name, &site->entry) || !isdigit((unsigned char)number[0]))
		return -EINVAL;
	errno = 0;
	vaddr = strtoull(number, &end, 0);
	if (*end || errno || !dynamic__code_offset(img, vaddr, &site->offset))
		return -EINVAL;
	return 0;
}

static int choose_offsets(struct choice *c, struct allocators *out)
{
	const char *text = c->opts->offsets;
	const struct image *image = NULL;
	struct probe_site *sites = NULL;
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < c->n && !image; i++)
		if (c->opts->object ? is_wanted(&c->objects[i], c->opts->object)
				    : c->objects[i].image->is_exe)
			image = c->objects[i].image;
	if (!image)
		return 0;
	sites = calloc(n_entry_points, sizeof(*sites));
	if (!sites)
		return -ENOMEM;
	for (;;) {
		size_t len = strcspn(text, ",");

		err = n < n_entry_points ? parse_offset(c, image->elf, text, len, &sites[n])
					 : -EINVAL;
		/* The same function or address twice is a slip of the hand. */
		for (size_t i = 0; i < n && !err; i++)
			if (sites[i].entry == sites[n].entry || sites[i].offset == sites[n].offset)
				err = -EINVAL;
		if (err)
			goto cleanup;
		n++;
		if (!text[len])
			break;
		text += len + 1;
	}
	err = add_allocator(out, image, "malloc", sites, n);
	sites = NULL;
cleanup:
	free(sites);
	return err;
}

static int scan_objects(struct choice *c, struct allocators *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct image *image = c->objects[i].image;
		bool all = c->opts->object || c->opts->prefix;
		int err;

		if (c->opts->object && !is_wanted(&c->objects[i], c->opts->object))
			continue;
		/* A library is called by what it exports; a program by itself, too. */
		err = allocdefs__scan(&c->defs[i], image->elf, c->names, all || image->is_exe);
		if (err)
			return err;
		/* An executable with a name for others is the dynamic linker, run as a command. */
		if (image->is_exe && !c->defs[i].n && !c->dyn[i].interp && !c->dyn[i].soname &&
		    !elfimg__has_symtab(image->elf))
			out->n_stripped++;
	}
	return 0;
}

/* Musl's dynamic linker is its libc, whatever symbols a distribution leaves in it. */
static void mark_interp(struct choice *c, pid_t pid)
{
	const char *interp = NULL;

	for (size_t i = 0; i < c->n; i++)
		if (c->objects[i].image->is_exe)
			interp = c->dyn[i].interp;
	for (size_t i = 0; i < c->n && interp; i++)
		c->defs[i].is_interp = scope__is_named(&c->objects[i], interp, pid);
}

int allocators__find(const struct addrspace *as, const struct allocators_opts *opts,
		     struct allocators *out)
{
	static const struct allocators_opts no_opts;
	struct choice c = {.opts = opts ? opts : &no_opts};
	int err;

	memset(out, 0, sizeof(*out));
	err = collect_objects(&c, as);
	if (err)
		goto cleanup;
	if (c.opts->offsets) {
		err = choose_offsets(&c, out);
		goto cleanup;
	}
	err = order_objects(&c, addrspace__pid(as));
	if (err)
		goto cleanup;
	err = scan_objects(&c, out);
	if (err)
		goto cleanup;
	mark_interp(&c, addrspace__pid(as));
	find_owners(&c);
	err = choose_sites(&c, out);
cleanup:
	clear_choice(&c);
	if (err)
		allocators__clear(out);
	return err;
}

void allocators__clear(struct allocators *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		free(a->list[i].sites);
	free(a->list);
	memset(a, 0, sizeof(*a));
}
