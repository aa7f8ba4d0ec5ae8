/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/key.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/strtab.h"

/* What the recordings know of an object. */
struct image {
	bool seen[DIFF_SIDES], named[DIFF_SIDES], lined[DIFF_SIDES];
	const char *build_id[DIFF_SIDES];
	bool several; /* objects of this name, by their build-ids */
};

struct diff_keys {
	const char *program[DIFF_SIDES]; /* the object that has main; NULL: not known */
	struct strtab names;		 /* of objects, as they are compared */
	struct image *images;		 /* by number in names */
	size_t max_images;
	struct strtab keys;
	char *text; /* the key at hand */
	size_t size;
	FILE *mem;
};

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* The last part of a path that a command line begins with. */
static bool is_command(const struct report *r, const char *image)
{
	const char *command = r->origin.command, *at;
	size_t n = strlen(image), length;

	if (r->comm && (!strcmp(r->comm, image) ||
			(strlen(r->comm) == 15 && begins(image, r->comm)))) /* TASK_COMM_LEN - 1 */
		return true;
	length = command ? strcspn(command, " ") : 0;
	if (!n || length < n)
		return false;
	at = command + length - n;
	return !memcmp(at, image, n) && (at == command || at[-1] == '/');
}

static const char *find_program(const struct report *r)
{
	const char *by_command = NULL;
	size_t i, j;

	for (i = 0; i < r->n_sites; i++) {
		for (j = 0; j < r->sites[i].n_frames; j++) {
			const struct report_frame *f = &r->sites[i].frames[j];

			if (!f->image || !f->image_path)
				continue;
			if (f->function && !strcmp(f->function, "main"))
				return f->image;
			if (!by_command && is_command(r, f->image))
				by_command = f->image;
		}
	}
	return by_command;
}

/* The number of the object's name. Returns 0 or -ENOMEM. */
static int number(struct diff_keys *k, enum diff_side side, const char *image, uint32_t *idx)
{
	const char *so;
	size_t n;

	if (!image)
		image = "?";
	so = strstr(image, ".so.");
	n = so ? (size_t)(so - image) + strlen(".so") : strlen(image);
	if (k->program[side] && !strcmp(image, k->program[side]))
		n = 0;
	*idx = strtab__add(&k->names, image, n);
	return *idx == STRTAB_NONE ? -ENOMEM : 0;
}

static int grow(struct diff_keys *k, uint32_t idx)
{
	size_t max = k->max_images ? k->max_images * 2 : 64;
	struct image *images;

	if (idx < k->max_images)
		return 0;
	images = reallocarray(k->images, max, sizeof(*images));
	if (!images)
		return -ENOMEM;
	memset(images + k->max_images, 0, (max - k->max_images) * sizeof(*images));
	k->images = images;
	k->max_images = max;
	return 0;
}

static int look_at(struct diff_keys *k, enum diff_side side, const struct report_frame *f)
{
	struct image *image;
	uint32_t idx;
	int err = number(k, side, f->image, &idx);

	if (!err)
		err = grow(k, idx);
	if (err)
		return err;
	image = &k->images[idx];
	if (image->seen[side])
		image->several |= !image->build_id[side] != !f->build_id ||
				  (f->build_id && strcmp(f->build_id, image->build_id[side]) != 0);
	image->seen[side] = true;
	image->build_id[side] = f->build_id;
	image->named[side] |= f->function != NULL;
	image->lined[side] |= f->line > 0;
	return 0;
}

static int look_over(struct diff_keys *k, enum diff_side side, const struct report *r)
{
	size_t i, j;
	int err = 0;

	k->program[side] = find_program(r);
	for (i = 0; !err && i < r->n_sites; i++)
		for (j = 0; !err && j < r->sites[i].n_frames; j++)
			err = look_at(k, side, &r->sites[i].frames[j]);
	return err;
}

int diff_keys__new(const struct report *old, const struct report *new, struct diff_keys **out)
{
	struct diff_keys *k = calloc(1, sizeof(*k));
	int err = -ENOMEM;

	*out = NULL;
	if (!k)
		return err;
	strtab__init(&k->names);
	strtab__init(&k->keys);
	k->mem = open_memstream(&k->text, &k->size);
	if (k->mem)
		err = look_over(k, DIFF_OLD, old);
	if (!err)
		err = look_over(k, DIFF_NEW, new);
	if (err) {
		diff_keys__free(k);
		return err;
	}
	*out = k;
	return 0;
}

void diff_keys__free(struct diff_keys *k)
{
	if (!k)
		return;
	if (k->mem)
		fclose(k->mem);
	free(k->text);
	free(k->images);
	strtab__clear(&k->names);
	strtab__clear(&k->keys);
	free(k);
}

uint32_t diff_keys__count(const struct diff_keys *k)
{
	return k->keys.n;
}

/* Both recordings are of the same file, and one of them has no names of it. */
static bool by_address(const struct image *image)
{
	return image->seen[DIFF_OLD] && image->seen[DIFF_NEW] && !image->several &&
	       image->named[DIFF_OLD] != image->named[DIFF_NEW] && image->build_id[DIFF_OLD] &&
	       image->build_id[DIFF_NEW] &&
	       !strcmp(image->build_id[DIFF_OLD], image->build_id[DIFF_NEW]);
}

/* Where the suffixes begin that compilers append to copies of a function. */
static size_t name_length(const char *name)
{
	static const char *const suffixes[] = {
		" [clone ",  ".isra", ".part", ".constprop",
		".lto_priv", ".cold", ".llvm", ".localalias",
	};
	size_t n = strlen(name), i;

	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		const char *at = strstr(name, suffixes[i]);
		char next = at ? at[strlen(suffixes[i])] : '\0';

		if (at > name && (size_t)(at - name) < n &&
		    (!next || next == '.' || suffixes[i][0] == ' '))
			n = at - name;
	}
	return n;
}

/*
 * Code that calls main and threads' functions differs between versions of the C library, and
 * nothing that is allocated is its doing.
 */
static bool is_start(const struct report_frame *f)
{
	return f->image && (begins(f->image, "libc.so") || begins(f->image, "libc-") ||
			    begins(f->image, "ld-") || begins(f->image, "libpthread"));
}

/* _start, which a stripped program does not name. */
static bool is_entry_point(const struct report_frame *f)
{
	return f->function ? !strcmp(f->function, "_start") : is_start(f - 1);
}

static size_t count_frames(const struct report_site *site)
{
	size_t n = site->n_frames;

	while (!site->stack_cut && n > 1 &&
	       (is_start(&site->frames[n - 1]) || is_entry_point(&site->frames[n - 1])))
		n--;
	return n;
}

/* A text with its length first: no text of a target can be taken for two, or for none. */
static void put(FILE *mem, const char *s, size_t n)
{
	fwrite(&n, sizeof(n), 1, mem);
	fwrite(s, 1, n, mem);
}

static void put_address(FILE *mem, const struct report_frame *f, uint32_t image)
{
	const char *id = f->build_id ? f->build_id : "";

	fputc('a', mem);
	if (!*id)
		fwrite(&image, sizeof(image), 1, mem);
	put(mem, id, strlen(id));
	fwrite(&f->image_vaddr, sizeof(f->image_vaddr), 1, mem);
}

static int put_frame(struct diff_keys *k, enum diff_side side, const struct report_frame *f)
{
	const struct image *image;
	bool counts;
	uint32_t idx;

	if (number(k, side, f->image, &idx))
		return -ENOMEM;
	image = &k->images[idx];
	counts = !f->inlined || (!by_address(image) && !(image->seen[!side] && image->lined[side] &&
							 !image->lined[!side]));
	if (!counts)
		return 0;
	if (f->function && !by_address(image)) {
		fputc('n', k->mem);
		put(k->mem, f->function, name_length(f->function));
		fwrite(&idx, sizeof(idx), 1, k->mem);
	} else if (f->image) {
		put_address(k->mem, f, idx);
	} else {
		fputc('?', k->mem);
	}
	return 0;
}

int diff_keys__of(struct diff_keys *k, enum diff_side side, const struct report_site *site,
		  uint32_t *key)
{
	const char *entry = site->entry ? site->entry : "", *note = site->note ? site->note : "";
	size_t i, n = count_frames(site);
	int err = 0;

	rewind(k->mem);
	put(k->mem, entry, strlen(entry));
	put(k->mem, note, strlen(note));
	fputc(site->stack_lost ? 'l' : site->stack_cut ? 'c' : ' ', k->mem);
	for (i = 0; !err && i < n; i++)
		err = put_frame(k, side, &site->frames[i]);
	if (err || fflush(k->mem) || ferror(k->mem))
		return -ENOMEM;
	*key = strtab__add(&k->keys, k->text, k->size);
	return *key == STRTAB_NONE ? -ENOMEM : 0;
}
