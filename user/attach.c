/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach_priv.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf/code.h"
#include "elf/elfimg.h"
#include "probes.h"
#include "render/render.h"
#include "target/addrspace.h"
#include "target/allocators.h"
#include "target/leaf.h"
#include "traps.h"
#include "unwind/tables.h"

struct attacher *attacher__new(struct session *session, const struct addrspace *as,
			       const struct allocators_opts *opts, const struct tables *left_out,
			       struct traps *traps, FILE *explain)
{
	struct attacher *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->session = session;
	a->as = as;
	a->opts = opts;
	a->left_out = left_out;
	a->traps = traps;
	a->explain = explain;
	return a;
}

void attacher__free(struct attacher *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->n_files; i++)
		free(a->files[i].function);
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

static bool is_known(const struct probed *f, uint64_t offset)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->function[i].offset == offset)
			return true;
	return false;
}

static uint64_t cookie_of(size_t entry)
{
	const struct entry_point *e = &entry_points[entry];

	return PROBE_COOKIE(e->op, entry, e->size_arg, e->count_arg, e->ptr_arg);
}

/*
 * A target at work is attached to in this order, over all objects: were malloc probed before free,
 * a block could be seen to come and not to go, and so with realloc, which takes blocks away.
 */
enum pass {
	PASS_FREE, /* and return instructions */
	PASS_REALLOC,
	PASS_POINT, /* by which allocations are followed */
	PASS_ALLOC,
	PASSES,
};

/* A place to probe, of function number function of file number file. */
struct site {
	const struct image *image;
	struct session_site site;
	enum pass pass;
	size_t file, function;
	bool is_entry;
};

/* The sites of all objects, as they are collected. */
struct site_list {
	struct site *site;
	size_t n, room;
};

static int add_site(struct site_list *list, const struct site *new)
{
	struct site *site;
	size_t i;

	/* functions may share a return instruction; one that has points needs it for itself */
	for (i = 0; i < list->n && new->pass != PASS_POINT; i++)
		if (list->site[i].image == new->image && list->site[i].pass != PASS_POINT &&
		    list->site[i].site.offset == new->site.offset &&
		    list->site[i].site.trap == new->site.trap)
			return 0;
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;

		site = realloc(list->site, room * sizeof(*site));
		if (!site)
			return -ENOMEM;
		list->site = site;
		list->room = room;
	}
	list->site[list->n++] = *new;
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

/* The entry of function i of file. */
static int add_entry(const struct attacher *a, struct site_list *list, size_t file, size_t i,
		     enum session_site_kind kind, uint64_t flags)
{
	struct function *f = &a->files[file].function[i];
	int op = entry_points[f->entry].op;
	struct site site = {
		.image = f->at.image,
		.site = {.offset = f->at.offsets[0],
			 .cookie = cookie_of(f->entry) | flags |
				   (uint64_t)f->trap << PROBE_COOKIE_TRAP_SHIFT,
			 .kind = kind,
			 .trap = f->trap},
		.pass = op == PROBE_OP_FREE	 ? PASS_FREE
			: op == PROBE_OP_REALLOC ? PASS_REALLOC
						 : PASS_ALLOC,
		.file = file,
		.function = i,
		.is_entry = true,
	};

	return add_site(list, &site);
}

/* A function that may throw: its entry, and each of its return instructions. */
static int add_throwing(const struct attacher *a, struct site_list *list, size_t file, size_t i,
			const struct code *code)
{
	struct function *f = &a->files[file].function[i];
	struct site site = {.image = f->at.image,
			    .site = {.kind = SESSION_EXIT, .trap = f->trap},
			    .pass = PASS_FREE,
			    .file = file,
			    .function = i};
	size_t k;
	int err;

	err = add_entry(a, list, file, i, SESSION_ENTER, PROBE_COOKIE_BY_EXIT);
	for (k = 0; k < code->n_returns && !err; k++)
		if (elfimg__vaddr_to_offset(f->at.image->elf, code->returns[k], &site.site.offset))
			err = add_site(list, &site);
	return err;
}

/*
 * Is it done with at its entry where it is left out? What it maps has to be told from the program's
 * own mappings by the names on the stack then: see mappings.c.
 */
static bool is_leaf(const struct attacher *a, const struct allocator *alloc, size_t i,
		    const struct placement *at)
{
	return a->left_out && !a->opts->prefix && !a->opts->offsets && !at->patched &&
	       alloc->image->elf && tables__covers(a->left_out, alloc->image, at->entry) &&
	       leaf__is(alloc, i);
}

/* The functions that programs call all the time: analysing the others is not worth the time. */
static bool is_common(const char *symbol)
{
	static const char *const ends[] = {"malloc", "calloc", "_Znwm", "_Znam"}; /* or a prefix */
	size_t i, len = strlen(symbol);

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (len >= n && !strcmp(symbol + len - n, ends[i]))
			return true;
	}
	return false;
}

/* Can function i of file be followed by points? Then they are added. */
static int add_points(struct attacher *a, struct site_list *list, const struct allocator *alloc,
		      size_t file, size_t i, uint64_t flags)
{
	struct function *f = &a->files[file].function[i];
	struct traps_query q = {.as = a->as,
				.image = f->at.image,
				.entry = f->entry,
				.vaddr = f->at.entry,
				.cookie = cookie_of(f->entry) | flags,
				.stepped = !f->at.emulated || flags & PROBE_COOKIE_BY_EXIT};
	struct site site = {.image = f->at.image,
			    .site = {.kind = SESSION_POINT},
			    .pass = PASS_POINT,
			    .file = file,
			    .function = i};
	struct traps_plan plan;
	uint64_t *others;
	size_t k;
	int err;

	if (!a->traps || f->at.patched || !is_common(entry_points[f->entry].symbol))
		return 0;
	others = calloc(alloc->n_sites, sizeof(*others));
	if (!others)
		return -ENOMEM;
	for (k = 0; k < alloc->n_sites; k++)
		if (alloc->sites[k].offset != f->offset &&
		    entry_points[alloc->sites[k].entry].op != PROBE_OP_FREE &&
		    elfimg__offset_to_vaddr(alloc->image->elf, alloc->sites[k].offset,
					    &others[q.n_others]))
			q.n_others++;
	q.others = others;
	err = traps__plan(a->traps, &q, &plan);
	free(others);
	if (err)
		return err == -ENOMEM ? err : 0;
	f->trap = plan.number;
	site.site.trap = plan.number;
	for (k = 0; k < plan.n && !err; k++) {
		site.site.offset = plan.offset[k];
		site.site.cookie = plan.cookie[k];
		err = add_site(list, &site);
	}
	return err;
}

/* Function i of a file, which is the last one so far, of an object. */
static int add_function(struct attacher *a, struct site_list *list, const struct allocator *alloc,
			size_t i_site, size_t file)
{
	struct probed *p = &a->files[file];
	size_t i = p->n - 1;
	struct function *f = &p->function[i];
	const struct entry_point *e = &entry_points[f->entry];
	bool throws = entry_point__may_throw(e);
	struct code code = {0};
	int err;

	placement__find(a->as, alloc->image, f->offset, entry_point__args(e), &f->at);
	if (!f->at.n) {
		f->left_out = f->at.why;
		f->err = -EFAULT;
		return 0;
	}
	if (e->is_cxx || throws) {
		err = f->at.image->elf ? code__explore(f->at.image->elf, f->at.entry, &code)
				       : -EINVAL;
		if (!err && !f->at.patched && passes_through(alloc, i_site, &code)) {
			f->left_out = "it hands over to a function that is probed";
			return 0;
		}
		if (err && throws) {
			a->n_unreadable++;
			f->left_out = "its return instructions were not found, and a return probe "
				      "would break exceptions";
			return 0;
		}
	}
	err = add_points(a, list, alloc, file, i, throws ? PROBE_COOKIE_BY_EXIT : 0);
	if (err)
		return err;
	if (throws)
		return add_throwing(a, list, file, i, &code);
	return add_entry(a, list, file, i, e->op == PROBE_OP_FREE ? SESSION_FREE : SESSION_CALL,
			 is_leaf(a, alloc, i_site, &f->at) ? PROBE_COOKIE_LEAF : 0);
}

/* What is not known yet of an object's functions: where to probe them. */
static int add_object(struct attacher *a, struct site_list *list, const struct allocator *alloc)
{
	struct probed *f = get_file(a, alloc);
	struct function *function;
	size_t i;
	int err;

	if (!f)
		return -ENOMEM;
	function = realloc(f->function, (f->n + alloc->n_sites + 1) * sizeof(*function));
	if (!function)
		return -ENOMEM;
	f->function = function;
	for (i = 0; i < alloc->n_sites; i++) {
		if (is_known(f, alloc->sites[i].offset))
			continue;
		/* those left out as well, so as not to look at them at each refresh */
		function[f->n++] = (struct function){.offset = alloc->sites[i].offset,
						     .entry = alloc->sites[i].entry};
		err = add_function(a, list, alloc, i, (size_t)(f - a->files));
		if (err)
			return err;
	}
	return 0;
}

/* Note what has become of a site for its function. */
static void settle(struct attacher *a, const struct site *s, const struct session_site *done)
{
	struct function *f = &a->files[s->file].function[s->function];
	uint64_t vaddr;

	if (done->kind == SESSION_POINT)
		return; /* entry and return do as well */
	if (!done->link)
		f->err = done->err;
	if (!s->is_entry)
		return;
	f->link = done->link;
	if (elfimg__offset_to_vaddr(s->image->elf, done->offset, &vaddr))
		f->probe = vaddr;
	else
		f->probe = 0;
}

/* The sites of one pass in the file of the first of them; those are taken off the list. */
static int attach_first_file(struct attacher *a, struct site_list *list, enum pass pass, size_t at)
{
	const struct image *image = list->site[at].image;
	struct session_site *sites = calloc(list->n, sizeof(*sites));
	size_t *of = calloc(list->n, sizeof(*of));
	size_t n = 0, i;
	int err = -ENOMEM;

	if (!sites || !of)
		goto cleanup;
	for (i = at; i < list->n; i++) {
		struct site *s = &list->site[i];
		const struct function *f = &a->files[s->file].function[s->function];

		if (s->pass != pass || s->image != image)
			continue;
		sites[n] = s->site;
		if (s->is_entry) {
			sites[n].others = f->at.offsets + 1;
			sites[n].n_others = f->at.n - 1;
		}
		of[n++] = i;
		s->pass = PASSES;
	}
	err = session__attach(a->session, image->open_path, sites, n);
	for (i = 0; i < n; i++)
		settle(a, &list->site[of[i]], &sites[i]);
cleanup:
	free(sites);
	free(of);
	return err < 0 ? err : 0;
}

static int attach_all(struct attacher *a, struct site_list *list)
{
	int err = 0, e;
	size_t pass, i;

	for (pass = 0; pass < PASSES; pass++)
		for (i = 0; i < list->n; i++)
			if (list->site[i].pass == pass) {
				e = attach_first_file(a, list, pass, i);
				err = e ? e : err;
			}
	return err;
}

int attacher__update(struct attacher *a, FILE *announce)
{
	struct allocators found;
	struct site_list list = {0};
	size_t *known = NULL, total = 0, i;
	int err;

	err = allocators__find(a->as, a->opts, &found);
	if (err)
		return err;
	a->stripped = found.n_stripped > 0;
	known = calloc(found.n + 1, sizeof(*known)); /* functions before this */
	if (!known)
		err = -ENOMEM;
	for (i = 0; i < found.n && !err; i++) {
		const struct probed *f = find_file(a, found.list[i].image);

		known[i] = f ? f->n : 0;
		err = add_object(a, &list, &found.list[i]);
	}
	if (!err)
		err = attach_all(a, &list);
	attach__find_problems(a);
	for (i = 0; i < found.n && known; i++) {
		const struct probed *f = find_file(a, found.list[i].image);
		size_t done = 0, k;

		for (k = known[i]; f && k < f->n; k++)
			done += f->function[k].link != SESSION_LINK_NONE;
		if (f)
			attach__explain(a, f, known[i]);
		total += done;
		if (done && announce) {
			fprintf(announce, "memleak-bpf: %s in ", f->kind);
			render__escape(announce, f->image->path);
			fprintf(announce, " was loaded, %zu probes; covered from now on\n", done);
		}
	}
	free(known);
	free(list.site);
	allocators__clear(&found);
	return total ? (int)total : err;
}

size_t attacher__probes(const struct attacher *a)
{
	size_t n = 0, i;

	for (i = 0; i < a->n_files; i++)
		if (a->files[i].current)
			n += attach__count(&a->files[i]);
	return n;
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

	return f && attach__count(f);
}

bool attacher__is_allocator(const struct attacher *a, const struct image *image)
{
	const struct probed *f = image ? find_file(a, image) : NULL;

	/* a C library, or the program itself, also maps for other purposes */
	return f && attach__count(f) && !image->is_exe && strcmp(f->kind, "glibc malloc") &&
	       strcmp(f->kind, "musl malloc");
}

/* Where a function was patched in memory, it has to be looked at again: the new program's is not.
 */
static void forget_patched(struct probed *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->n; i++)
		if (f->function[i].at.n && !f->function[i].at.patched)
			f->function[n++] = f->function[i];
	f->n = n;
}

void attacher__reset(struct attacher *a)
{
	size_t i;

	for (i = 0; i < a->n_files; i++) {
		a->files[i].current = false;
		forget_patched(&a->files[i]);
	}
}
