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
#include "elf/elfimg.h"
#include "kernel/klines.h"
#include "sym/dwarf.h"
#include "sym/dwarf_object.h"

#define MAX_FILES (1 << 20) /* looked at for a module */
#define MAX_NOTE 4096

/* A section of code: where it is, and where its DWARF says it is. */
struct piece {
	uint64_t start, size, dwarf;
};

struct module {
	char *name;
	struct dwarf_object *object; /* NULL: none was found */
	struct piece *pieces;
	size_t n_pieces;
};

struct kmodlines {
	char *release, *root;
	struct module *modules;
	size_t n;
};

/* A build-id that a file has to have. */
struct wanted {
	uint8_t note[MAX_NOTE];
	const uint8_t *id;
	size_t id_size;
};

/* Trees of modules, by release. */
static const char *const trees[] = {
	"/usr/lib/debug/lib/modules/",
	"/usr/lib/debug/usr/lib/modules/",
	"/lib/modules/",
};

struct kmodlines *kmodlines__new(const char *release, const char *root)
{
	struct kmodlines *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->release = strdup(release);
	k->root = strdup(root);
	if (k->release && k->root)
		return k;
	kmodlines__free(k);
	return NULL;
}

void kmodlines__free(struct kmodlines *k)
{
	size_t i;

	if (!k)
		return;
	for (i = 0; i < k->n; i++) {
		free(k->modules[i].name);
		free(k->modules[i].pieces);
		dwarf_object__free(k->modules[i].object);
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

/* Take this file if it is the module's. Returns 0, -ENOENT or -ENOMEM. */
static int try_file(struct module *m, const char *path, const struct wanted *w)
{
	struct elfimg *img = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = -ENOENT;
	const uint8_t *id;
	struct stat st;
	size_t size;

	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || elfimg__open_dwz(fd, path, &img))
		goto cleanup;
	id = elfimg__build_id(img, &size);
	if (id && size == w->id_size && !memcmp(id, w->id, size) && debugfile__has_dwarf(img))
		err = dwarf_object__new(fd, path, &m->object);
cleanup:
	elfimg__free(img);
	close(fd);
	return err;
}

static int try_build_id(const struct kmodlines *k, struct module *m, const struct wanted *w)
{
	char path[512];
	int n;
	size_t i;

	n = snprintf(path, sizeof(path), "%s/usr/lib/debug/.build-id/%02x/", k->root, w->id[0]);
	for (i = 1; i < w->id_size && n + 2 < (int)sizeof(path); i++)
		n += snprintf(path + n, sizeof(path) - n, "%02x", w->id[i]);
	if (snprintf(path + n, sizeof(path) - n, ".debug") + n >= (int)sizeof(path))
		return -ENOENT;
	return try_file(m, path, w);
}

/* Is that a file of a module? '-' in the name of a file is '_' in that of its module. */
static bool is_file_of(const char *file, const char *module)
{
	for (; *module; file++, module++)
		if (*file != *module && !(*file == '-' && *module == '_'))
			return false;
	return !strcmp(file, ".ko") || !strcmp(file, ".ko.debug");
}

static int try_tree(const struct kmodlines *k, struct module *m, const char *tree,
		    const struct wanted *w)
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
			err = try_file(m, entry->fts_accpath, w);
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

static int find(const struct kmodlines *k, struct module *m)
{
	struct wanted w;
	size_t size, i;
	int err;

	size = read_about(k, m->name, "notes", ".note.gnu.build-id", w.note, sizeof(w.note));
	w.id = klines__build_id(w.note, size, &w.id_size);
	if (!w.id)
		return 0;
	err = try_build_id(k, m, &w);
	for (i = 0; i < sizeof(trees) / sizeof(*trees) && err == -ENOENT; i++)
		err = try_tree(k, m, trees[i], &w);
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
	grown[k->n] = (struct module){.name = strdup(name)};
	if (!grown[k->n].name)
		return NULL;
	k->n++;
	return find(k, &grown[k->n - 1]) ? NULL : &grown[k->n - 1];
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
	if (!m)
		return -ENOMEM;
	for (i = 0; i < m->n_pieces; i++) {
		const struct piece *p = &m->pieces[i];

		if (addr - p->start < p->size)
			return dwarf_info__lookup(dwarf_object__info(m->object),
						  p->dwarf + (addr - p->start), frames, n, &start);
	}
	return 0;
}
