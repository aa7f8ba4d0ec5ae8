/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kmodlines.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/debugfile.h"
#include "elf/debuginfod.h"
#include "elf/elfimg.h"
#include "kernel/klines.h"
#include "kernel/unpack.h"
#include "sym/dwarf.h"
#include "sym/dwarf_object.h"

#define MAX_FILES (1 << 20) /* looked at for a module */
#define MAX_NOTE 4096
#define MAX_UNPACKED (1 << 30) /* the largest, with debug information, have some 400 MB */

/* A section of code: where it is, and where its DWARF says it is. */
struct piece {
	uint64_t start, size, dwarf;
};

struct module {
	char *name;
	uint8_t id[KLINES_MAX_BUILD_ID]; /* that its file has to have */
	size_t id_size;			 /* 0: it was not looked for */
	int fd;				 /* the file, -1: none was found */
	/* while at work */
	bool is_placed;
	struct dwarf_object *object;
	struct piece *pieces;
	size_t n_pieces;
};

struct kmodlines {
	char *release, *root;
	bool debuginfod;
	struct module *modules;
	size_t n;
};

/* Trees of modules, by release. */
static const char *const trees[] = {
	"/usr/lib/debug/lib/modules/",
	"/usr/lib/debug/usr/lib/modules/",
	"/lib/modules/",
};

struct kmodlines *kmodlines__new(const char *release, const struct klines_opts *opts)
{
	struct kmodlines *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->debuginfod = opts->debuginfod;
	k->release = strdup(release);
	k->root = strdup(opts->root);
	if (k->release && k->root)
		return k;
	kmodlines__free(k);
	return NULL;
}

void kmodlines__rest(struct kmodlines *k)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		struct module *m = &k->modules[i];

		dwarf_object__free(m->object);
		free(m->pieces);
		m->object = NULL;
		m->pieces = NULL;
		m->n_pieces = 0;
		m->is_placed = false;
	}
}

void kmodlines__free(struct kmodlines *k)
{
	size_t i;

	if (!k)
		return;
	kmodlines__rest(k);
	for (i = 0; i < k->n; i++) {
		free(k->modules[i].name);
		if (k->modules[i].fd >= 0)
			close(k->modules[i].fd);
	}
	free(k->modules);
	free(k->release);
	free(k->root);
	free(k);
}

/* Read what the kernel says of a module. Returns the number of bytes, 0: nothing. */
static size_t read_about(const struct kmodlines *k, const char *module, const char *what,
			 const char *name, void *buf, size_t room)
{
	char path[512];
	size_t n = 0;
	FILE *in;

	if (snprintf(path, sizeof(path), "%s/sys/module/%s/%s/%s", k->root, module, what, name) >=
	    (int)sizeof(path))
		return 0;
	in = fopen(path, "re");
	if (!in)
		return 0;
	n = fread(buf, 1, room, in);
	fclose(in);
	return n;
}

/* Take what is in this file if it is the module's. Returns 0, -ENOENT or -ENOMEM. */
static int load(struct module *m, int fd)
{
	struct elfimg *img = NULL;
	int unpacked = -1, err = -ENOENT;
	const uint8_t *id;
	size_t size;

	if (unpack__file(fd, MAX_UNPACKED, &unpacked))
		goto cleanup;
	if (unpacked >= 0)
		fd = unpacked;
	if (elfimg__open_dwz(fd, m->name, &img))
		goto cleanup;
	id = elfimg__build_id(img, &size);
	if (id && size == m->id_size && !memcmp(id, m->id, size) && debugfile__has_dwarf(img))
		err = dwarf_object__new(fd, m->name, &m->object);
cleanup:
	elfimg__free(img);
	if (unpacked >= 0)
		close(unpacked);
	return err;
}

/* The same; the file is kept. */
static int take(struct module *m, int fd)
{
	int err = load(m, fd);

	if (err)
		close(fd);
	else
		m->fd = fd;
	return err;
}

static int try_file(struct module *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -ENOENT;
	}
	return take(m, fd);
}

static int try_build_id(const struct kmodlines *k, struct module *m)
{
	char path[512];
	int n;
	size_t i;

	n = snprintf(path, sizeof(path), "%s/usr/lib/debug/.build-id/%02x/", k->root, m->id[0]);
	for (i = 1; i < m->id_size && n + 2 < (int)sizeof(path); i++)
		n += snprintf(path + n, sizeof(path) - n, "%02x", m->id[i]);
	if (n >= (int)sizeof(path) ||
	    snprintf(path + n, sizeof(path) - n, ".debug") + n >= (int)sizeof(path))
		return -ENOENT;
	return try_file(m, path);
}

static int try_debuginfod(struct module *m)
{
	int fd = debuginfod__fetch(m->id, m->id_size);

	if (fd < 0)
		return fd == -ENOMEM ? fd : -ENOENT;
	return take(m, fd);
}

/* Is that a file of a module? '-' in the name of a file is '_' in that of its module. */
static bool is_file_of(const char *file, const char *module)
{
	static const char *const ends[] = {".ko", ".ko.debug", ".ko.gz", ".ko.xz", ".ko.zst"};
	size_t i;

	for (; *module; file++, module++)
		if (*file != *module && !(*file == '-' && *module == '_'))
			return false;
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(file, ends[i]))
			return true;
	return false;
}

static int try_tree(const struct kmodlines *k, struct module *m, const char *tree)
{
	char path[512], *const paths[] = {path, NULL};
	int err = -ENOENT, n = 0;
	FTSENT *entry;
	FTS *fts;

	if (snprintf(path, sizeof(path), "%s%s%s", k->root, tree, k->release) >= (int)sizeof(path))
		return -ENOENT;
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	while (fts && err == -ENOENT && n++ < MAX_FILES && (entry = fts_read(fts)))
		if (is_file_of(entry->fts_name, m->name))
			err = try_file(m, entry->fts_accpath);
	if (fts)
		fts_close(fts);
	return err;
}

/* Where the kernel has put the sections. Those that it has freed again are not there. */
static int place(const struct kmodlines *k, struct module *m)
{
	const struct dwarf_section *s;
	char text[32];
	uint64_t at;
	size_t i, n;

	for (n = 0; dwarf_object__section(m->object, n); n++)
		;
	m->pieces = calloc(n + 1, sizeof(*m->pieces));
	if (!m->pieces)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		s = dwarf_object__section(m->object, i);
		text[read_about(k, m->name, "sections", s->name, text, sizeof(text) - 1)] = '\0';
		at = strtoull(text, NULL, 16);
		if (at)
			m->pieces[m->n_pieces++] = (struct piece){at, s->size, s->start};
	}
	return 0;
}

static int search(const struct kmodlines *k, struct module *m)
{
	size_t i;
	int err = try_build_id(k, m);

	for (i = 0; i < sizeof(trees) / sizeof(*trees) && err == -ENOENT; i++)
		err = try_tree(k, m, trees[i]);
	if (err == -ENOENT && k->debuginfod)
		err = try_debuginfod(m);
	return err;
}

/* It may have gone and come back since the last report, and be another one. */
static int find(const struct kmodlines *k, struct module *m)
{
	uint8_t note[MAX_NOTE];
	const uint8_t *id;
	size_t size;
	int err = -ENOENT;

	size = read_about(k, m->name, "notes", ".note.gnu.build-id", note, sizeof(note));
	id = klines__build_id(note, size, &size);
	m->is_placed = true;
	if (!id)
		return 0;
	if (size != m->id_size || memcmp(id, m->id, size) != 0) {
		memcpy(m->id, id, size);
		m->id_size = size;
		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
		err = search(k, m);
	} else if (m->fd >= 0) {
		err = load(m, m->fd);
	}
	if (!err)
		err = place(k, m);
	return err == -ENOMEM ? err : 0;
}

/* NULL: no memory. */
static struct module *module_of(struct kmodlines *k, const char *name)
{
	struct module *grown;
	size_t i;

	for (i = 0; i < k->n; i++)
		if (!strcmp(k->modules[i].name, name))
			return &k->modules[i];
	grown = reallocarray(k->modules, k->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	k->modules = grown;
	grown[k->n] = (struct module){.name = strdup(name), .fd = -1};
	return grown[k->n].name ? &grown[k->n++] : NULL;
}

int kmodlines__lookup(struct kmodlines *k, const char *module, uint64_t addr,
		      struct dwarf_frame *frames, size_t *n)
{
	struct module *m;
	uint64_t start;
	size_t i;

	*n = 0;
	if (!*module || strchr(module, '/') || module[0] == '.')
		return 0;
	m = module_of(k, module);
	if (!m || (!m->is_placed && find(k, m)))
		return -ENOMEM;
	for (i = 0; i < m->n_pieces; i++) {
		const struct piece *p = &m->pieces[i];

		if (addr - p->start < p->size)
			return dwarf_info__lookup(dwarf_object__info(m->object),
						  p->dwarf + (addr - p->start), frames, n, &start);
	}
	return 0;
}
