/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/klines.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "elf/debugfile.h"
#include "elf/debuginfod.h"
#include "elf/elfimg.h"
#include "kernel/kallsyms.h"
#include "kernel/kmodlines.h"
#include "kernel/kstacks.h"
#include "kernel/linecache.h"
#include "report/report.h"
#include "sym/dwarf.h"

#define MAX_NOTES (64 << 10)

struct klines {
	int fd;		    /* -1: none was found */
	char *path;	    /* of it */
	char *other;	    /* what is in its place, but another kernel's; NULL: nothing is */
	uint64_t slide;	    /* what is added to its addresses */
	struct elfimg *img; /* NULL: not at work */
	struct dwarf_info *dwarf;
	struct linecache *known;
	struct kmodlines *modules;
};

/* Where distributions put it, by release. */
static const char *const places[] = {
	"/usr/lib/debug/boot/vmlinux-%s",
	"/usr/lib/debug/lib/modules/%s/vmlinux",
	"/usr/lib/debug/usr/lib/modules/%s/vmlinux",
	"/usr/lib/debug/boot/vmlinux-%s.debug",
	"/lib/modules/%s/build/vmlinux",
	"/lib/modules/%s/vmlinux",
	"/boot/vmlinux-%s",
};

static uint64_t round_up(uint64_t v)
{
	return (v + 3) & ~3ULL;
}

/* Each begins at a multiple of 4 bytes (include/linux/elfnote.h). */
const uint8_t *klines__build_id(const uint8_t *notes, size_t size, size_t *id_size)
{
	size_t pos = 0, name, desc;
	Elf64_Nhdr n;

	while (pos < size && size - pos >= sizeof(n)) {
		memcpy(&n, notes + pos, sizeof(n));
		name = pos + sizeof(n);
		desc = name + round_up(n.n_namesz);
		if (desc > size || n.n_descsz > size - desc)
			break;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(notes + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && n.n_descsz > 1 &&
		    n.n_descsz <= KLINES_MAX_BUILD_ID) {
			*id_size = n.n_descsz;
			return notes + desc;
		}
		pos = desc + round_up(n.n_descsz);
	}
	return NULL;
}

static void stop_reading(struct klines *k)
{
	dwarf_info__free(k->dwarf);
	elfimg__free(k->img);
	k->dwarf = NULL;
	k->img = NULL;
}

static void forget_file(struct klines *k)
{
	if (k->fd >= 0)
		close(k->fd);
	free(k->path);
	k->fd = -1;
	k->path = NULL;
}

struct search {
	const char *name;
	uint64_t vaddr;
};

static int match_symbol(const struct elf_sym *sym, void *arg)
{
	struct search *s = arg;

	if (!sym->is_defined || strcmp(sym->name, s->name))
		return 0;
	s->vaddr = sym->vaddr;
	return 1;
}

/* A kernel may be loaded elsewhere than it was linked for: at a random place. */
static bool find_slide(struct klines *k, const struct kallsyms *symbols)
{
	static const char *const names[] = {"_stext", "_text"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct search s = {.name = names[i]};
		uint64_t at = kallsyms__address(symbols, names[i]);

		if (!at || elfimg__for_each_sym(k->img, match_symbol, &s) != 1)
			continue;
		k->slide = at - s.vaddr;
		return true;
	}
	return false;
}

/*
 * Some 400 MB: mapped, it is the page cache's memory and not ours. But who truncates a mapped file
 * kills us, so only root may be able to.
 */
static int start_reading(struct klines *k)
{
	const struct debugfile_opts opts = {0};
	struct stat st;
	bool mapped;
	int err;

	if (k->dwarf)
		return 0;
	if (fstat(k->fd, &st))
		return -ENOENT;
	mapped = st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
	err = mapped ? elfimg__open_mapped(k->fd, k->path, &k->img)
		     : elfimg__open(k->fd, k->path, &k->img);
	if (!err)
		err = dwarf_info__new(k->img, k->img, &opts, &k->dwarf);
	if (err)
		stop_reading(k);
	return err == -ENOMEM ? err : err ? -ENOENT : 0;
}

/* Is it this kernel's, and of use? Returns 0, -ENOENT or -ENOMEM. */
static int check_file(struct klines *k, const struct kallsyms *symbols, const uint8_t *id,
		      size_t id_size)
{
	size_t size;
	const uint8_t *own = elfimg__build_id(k->img, &size);

	if (own && size == id_size && !memcmp(own, id, size))
		return debugfile__has_dwarf(k->img) && find_slide(k, symbols) ? 0 : -ENOENT;
	if (!own || k->other)
		return -ENOENT;
	k->other = strdup(k->path);
	return k->other ? -ENOENT : -ENOMEM;
}

/* Take this file if it is the kernel's. It is ours from now on. Returns 0, -ENOENT or -ENOMEM. */
static int take(struct klines *k, int fd, const char *path, const struct kallsyms *symbols,
		const uint8_t *id, size_t id_size)
{
	int err = -ENOMEM;

	k->fd = fd;
	k->path = strdup(path);
	if (k->path)
		err = start_reading(k);
	if (!err)
		err = check_file(k, symbols, id, id_size);
	stop_reading(k);
	if (err)
		forget_file(k);
	return err;
}

static int try_file(struct klines *k, const char *path, const struct kallsyms *symbols,
		    const uint8_t *id, size_t id_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -ENOENT : take(k, fd, path, symbols, id, id_size);
}

static int try_release(struct klines *k, const char *root, const char *place, const char *release,
		       const struct kallsyms *symbols, const uint8_t *id, size_t id_size)
{
	const char *gap = strstr(place, "%s");
	char *path;
	int err;

	if (asprintf(&path, "%s%.*s%s%s", root, (int)(gap - place), place, release, gap + 2) < 0)
		return -ENOMEM;
	err = try_file(k, path, symbols, id, id_size);
	free(path);
	return err;
}

static int try_build_id(struct klines *k, const char *root, const struct kallsyms *symbols,
			const uint8_t *id, size_t id_size)
{
	char hex[2 * KLINES_MAX_BUILD_ID + 1], *path;
	size_t i;
	int err;

	for (i = 0; i < id_size; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	if (asprintf(&path, "%s/usr/lib/debug/.build-id/%.2s/%s.debug", root, hex, hex + 2) < 0)
		return -ENOMEM;
	err = try_file(k, path, symbols, id, id_size);
	free(path);
	return err;
}

static int try_debuginfod(struct klines *k, const struct kallsyms *symbols, const uint8_t *id,
			  size_t id_size)
{
	int fd = debuginfod__fetch(id, id_size);

	if (fd < 0)
		return fd == -ENOMEM ? fd : -ENOENT;
	return take(k, fd, "debuginfod", symbols, id, id_size);
}

int klines__new(const struct kallsyms *symbols, const char *release, const void *notes,
		size_t notes_size, const struct klines_opts *opts, struct klines **out)
{
	size_t id_size, i;
	const uint8_t *id = klines__build_id(notes, notes_size, &id_size);
	struct klines *k;
	int err = -ENOENT;

	*out = NULL;
	if (!symbols || strchr(release, '/'))
		return -ENOENT;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->fd = -1;
	k->known = linecache__new();
	k->modules = kmodlines__new(release, opts);
	if (!k->known || !k->modules) {
		klines__free(k);
		return -ENOMEM;
	}
	*out = k;
	if (!id)
		return -ENOENT;
	for (i = 0; i < sizeof(places) / sizeof(*places) && err == -ENOENT; i++)
		err = try_release(k, opts->root, places[i], release, symbols, id, id_size);
	if (err == -ENOENT)
		err = try_build_id(k, opts->root, symbols, id, id_size);
	if (err == -ENOENT && opts->debuginfod)
		err = try_debuginfod(k, symbols, id, id_size);
	if (err == -ENOMEM) {
		klines__free(k);
		*out = NULL;
	}
	return err;
}

int klines__open(const struct kallsyms *symbols, bool debuginfod, struct klines **out)
{
	const struct klines_opts opts = {.root = "", .debuginfod = debuginfod};
	FILE *in = fopen("/sys/kernel/notes", "re");
	uint8_t *notes = malloc(MAX_NOTES);
	struct utsname u;
	size_t size;
	int err = -ENOENT;

	*out = NULL;
	if (!notes) {
		err = -ENOMEM;
	} else if (in && !uname(&u)) {
		size = fread(notes, 1, MAX_NOTES, in);
		err = klines__new(symbols, u.release, notes, size, &opts, out);
	}
	if (in)
		fclose(in);
	free(notes);
	return err;
}

void klines__rest(struct klines *k)
{
	if (!k)
		return;
	stop_reading(k);
	kmodlines__rest(k->modules);
}

void klines__free(struct klines *k)
{
	if (!k)
		return;
	kmodlines__free(k->modules);
	linecache__free(k->known);
	stop_reading(k);
	forget_file(k);
	free(k->other);
	free(k);
}

const char *klines__path(const struct klines *k)
{
	return k->path;
}

const char *klines__other(const struct klines *k)
{
	return k->path ? NULL : k->other;
}

static int set_line(const struct dwarf_frame *from, struct report_frame *to)
{
	const char *slash;

	if (!from->path || to->path)
		return 0;
	slash = strrchr(from->path, '/');
	to->path = strdup(from->path);
	to->file = strdup(slash && slash[1] ? slash + 1 : from->path);
	to->line = from->line;
	return to->path && to->file ? 0 : -ENOMEM;
}

/* A call that was inlined at the address of a frame. */
static int set_inlined(const struct dwarf_frame *from, const struct report_frame *at,
		       struct report_frame *to)
{
	*to = (struct report_frame){.addr = at->addr, .inlined = true};
	if (from->name) {
		to->function = kstacks__name(from->name);
		if (!to->function)
			return -ENOMEM;
	}
	to->image = strdup(at->image);
	return to->image ? set_line(from, to) : -ENOMEM;
}

/* What is known of a frame's address, innermost call first. */
static int look_up(struct klines *k, const struct report_frame *at,
		   struct dwarf_frame found[DWARF_MAX_FRAMES], size_t *n)
{
	uint64_t start;
	int err;

	*n = 0;
	if (strcmp(at->image, "kernel") != 0)
		return kmodlines__lookup(k->modules, at->image, at->addr - 1, found, n);
	if (k->fd < 0 || linecache__find(k->known, at->addr, found, n))
		return 0;
	err = start_reading(k);
	if (err)
		return err == -ENOMEM ? err : 0;
	err = dwarf_info__lookup(k->dwarf, at->addr - 1 - k->slide, found, n, &start);
	return err ? err : linecache__add(k->known, at->addr, found, *n);
}

/*
 * Calls in line of the allocator's own, at the top of a stack: like those that are not in line,
 * they are left out (kstacks.h). They are inline functions of the kernel's headers.
 */
static size_t count_allocator(const struct dwarf_frame *found, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		if (!found[i].name || !found[i].path || !strstr(found[i].path, "include/linux/") ||
		    !kstacks__is_allocator(found[i].name))
			break;
	return i;
}

/* Lines of the i-th frame. Returns how many were inserted before it, or -ENOMEM. */
static int annotate_at(struct klines *k, struct report_frame **frames, size_t *n, size_t i)
{
	struct dwarf_frame all[DWARF_MAX_FRAMES], *found = all;
	struct report_frame *grown, at = (*frames)[i];
	size_t n_found, inlined, j;
	int err;

	err = look_up(k, &at, all, &n_found);
	if (err || !n_found)
		return err;
	if (i == 0)
		found += count_allocator(all, n_found);
	inlined = all + n_found - 1 - found;
	grown = reallocarray(*frames, *n + inlined, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*frames = grown;
	memmove(grown + i + inlined, grown + i, (*n - i) * sizeof(*grown));
	memset(grown + i, 0, inlined * sizeof(*grown));
	*n += inlined;
	for (j = 0; j < inlined && !err; j++)
		err = set_inlined(&found[j], &at, &grown[i + j]);
	if (!err)
		err = set_line(&found[inlined], &grown[i + inlined]);
	return err ? err : (int)inlined;
}

int klines__annotate(struct klines *k, struct report_frame **frames, size_t *n)
{
	size_t i;
	int added;

	for (i = 0; k && i < *n; i++) {
		const struct report_frame *f = &(*frames)[i];

		if (!f->image || f->path || f->inlined)
			continue;
		added = annotate_at(k, frames, n, i);
		if (added < 0)
			return added;
		i += added;
	}
	return 0;
}
