/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolize/files.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/debugfile.h"
#include "elf/elfimg.h"
#include "report/strtab.h"
#include "target/openimg.h"

#define MAX_ENTRIES 1000000 /* names below the directories */
#define MAX_IMAGES 20000    /* files that are programs or libraries */
#define MAX_DEPTH 32
#define MAX_ID 64 /* bytes */

struct debug_files {
	const char *const *dirs;
	size_t n_dirs;
	struct strtab ids;
	struct elfimg **images; /* by number in ids; NULL: none */
	size_t max_images;
	size_t n_images; /* looked at */
};

struct debug_files *debug_files__new(const char *const *dirs, size_t n_dirs)
{
	struct debug_files *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->dirs = dirs;
	d->n_dirs = n_dirs;
	strtab__init(&d->ids);
	return d;
}

void debug_files__free(struct debug_files *d)
{
	size_t i;

	if (!d)
		return;
	for (i = 0; i < d->max_images; i++)
		elfimg__free(d->images[i]);
	free(d->images);
	strtab__clear(&d->ids);
	free(d);
}

/* What else a recording may hold in its place leads nowhere, least of all out of a directory. */
static bool is_build_id(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return !s[n] && n >= 4 && n % 2 == 0 && n <= 2 * MAX_ID;
}

int debug_files__want(struct debug_files *d, const char *build_id)
{
	size_t max = d->max_images ? d->max_images * 2 : 64;
	struct elfimg **images;

	if (!is_build_id(build_id))
		return 0;
	if (d->ids.n == d->max_images) {
		images = reallocarray(d->images, max, sizeof(*images));
		if (!images)
			return -ENOMEM;
		memset(images + d->max_images, 0, (max - d->max_images) * sizeof(*images));
		d->images = images;
		d->max_images = max;
	}
	return strtab__add(&d->ids, build_id, strlen(build_id)) == STRTAB_NONE ? -ENOMEM : 0;
}

static size_t find(const struct debug_files *d, const char *id)
{
	size_t i;

	for (i = 0; i < d->ids.n; i++)
		if (!strcmp(d->ids.text[i], id))
			break;
	return i;
}

struct elfimg *debug_files__get(const struct debug_files *d, const char *build_id)
{
	size_t i = build_id ? find(d, build_id) : d->ids.n;

	return i < d->ids.n ? d->images[i] : NULL;
}

/* How much an image knows: lines and inlined calls are more than names. */
static int knows(const struct elfimg *img)
{
	return img ? 1 + elfimg__has_symtab(img) + 2 * debugfile__has_dwarf(img) : 0;
}

static bool is_elf(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

/* Keep the file if it is one that is wanted. Recordings may be of another machine. */
static void look_at(struct debug_files *d, const char *path)
{
	struct elfimg *img = NULL;
	char hex[2 * MAX_ID + 1] = "";
	const uint8_t *id;
	size_t size, i;
	int fd = openimg__open_regular(path);

	if (fd < 0)
		return;
	if (!is_elf(fd))
		goto cleanup;
	d->n_images++;
	if (elfimg__open_any_machine(fd, path, &img))
		goto cleanup;
	id = elfimg__build_id(img, &size);
	for (i = 0; id && i < size && i < MAX_ID; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	i = find(d, hex);
	if (i < d->ids.n && knows(img) > knows(d->images[i])) {
		elfimg__free(d->images[i]);
		d->images[i] = img;
		img = NULL;
	}
cleanup:
	elfimg__free(img);
	close(fd);
}

static int look_by_id(struct debug_files *d, const char *dir, const char *id)
{
	static const char *const endings[] = {".debug", ""};
	char *path;
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		if (asprintf(&path, "%s/.build-id/%.2s/%s%s", dir, id, id + 2, endings[i]) < 0)
			return -ENOMEM;
		look_at(d, path);
		free(path);
	}
	return 0;
}

/* Is there one that lines are not known of yet? */
static bool is_any_missing(const struct debug_files *d)
{
	size_t i;

	for (i = 0; i < d->ids.n; i++)
		if (!d->images[i] || !debugfile__has_dwarf(d->images[i]))
			return true;
	return false;
}

static int look_below(struct debug_files *d, const char *dir)
{
	char *const paths[] = {(char *)dir, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	size_t n = 0;
	FTSENT *e;
	int err = 0;

	if (!tree)
		return -ENOMEM;
	while (!err && (e = fts_read(tree))) {
		if (e->fts_level >= MAX_DEPTH)
			fts_set(tree, e, FTS_SKIP);
		if (++n > MAX_ENTRIES || d->n_images > MAX_IMAGES)
			err = -EFBIG;
		else if (e->fts_info == FTS_F || e->fts_info == FTS_NSOK)
			look_at(d, e->fts_path);
	}
	fts_close(tree);
	return err;
}

int debug_files__search(struct debug_files *d)
{
	size_t i, j;
	int err = 0;

	for (i = 0; i < d->n_dirs && !err; i++)
		for (j = 0; j < d->ids.n && !err; j++)
			err = look_by_id(d, d->dirs[i], d->ids.text[j]);
	for (i = 0; i < d->n_dirs && !err && is_any_missing(d); i++)
		err = look_below(d, d->dirs[i]);
	return err;
}
