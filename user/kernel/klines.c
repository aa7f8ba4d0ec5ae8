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
#include "elf/elfimg.h"
#include "kernel/kallsyms.h"
#include "kernel/kmodlines.h"
#include "report/report.h"
#include "sym/dwarf.h"

#define MAX_BUILD_ID 64
#define MAX_NOTES (64 << 10)

struct klines {
	struct elfimg *img;
	struct dwarf_info *dwarf;
	uint64_t slide; /* what is added to its addresses */
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
		    n.n_descsz <= MAX_BUILD_ID) {
			*id_size = n.n_descsz;
			return notes + desc;
		}
		pos = desc + round_up(n.n_descsz);
	}
	return NULL;
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

/* Take this file if it is the kernel's. Returns 0, -ENOENT or -ENOMEM. */
static int try_file(struct klines *k, const char *path, const struct kallsyms *symbols,
		    const uint8_t *id, size_t id_size)
{
	const struct debugfile_opts opts = {0};
	const uint8_t *own;
	struct stat st;
	size_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = -ENOENT;

	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || elfimg__open(fd, path, &k->img))
		goto cleanup;
	own = elfimg__build_id(k->img, &size);
	if (!own || size != id_size || memcmp(own, id, size) || !debugfile__has_dwarf(k->img) ||
	    !find_slide(k, symbols))
		goto cleanup;
	err = dwarf_info__new(k->img, k->img, &opts, &k->dwarf);
cleanup:
	close(fd);
	if (err) {
		elfimg__free(k->img);
		k->img = NULL;
	}
	return err;
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
	char hex[2 * MAX_BUILD_ID + 1], *path;
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

int klines__new(const struct kallsyms *symbols, const char *release, const void *notes,
		size_t notes_size, const char *root, struct klines **out)
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
	k->modules = kmodlines__new(release, root);
	if (!k->modules) {
		klines__free(k);
		return -ENOMEM;
	}
	*out = k;
	if (!id)
		return -ENOENT;
	for (i = 0; i < sizeof(places) / sizeof(*places) && err == -ENOENT; i++)
		err = try_release(k, root, places[i], release, symbols, id, id_size);
	if (err == -ENOENT)
		err = try_build_id(k, root, symbols, id, id_size);
	if (err == -ENOMEM) {
		klines__free(k);
		*out = NULL;
	}
	return err;
}

int klines__open(const struct kallsyms *symbols, struct klines **out)
{
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
		err = klines__new(symbols, u.release, notes, size, "", out);
	}
	if (in)
		fclose(in);
	free(notes);
	return err;
}

void klines__free(struct klines *k)
{
	if (!k)
		return;
	kmodlines__free(k->modules);
	dwarf_info__free(k->dwarf);
	elfimg__free(k->img);
	free(k);
}

const char *klines__path(const struct klines *k)
{
	return k->img ? elfimg__name(k->img) : NULL;
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
		to->function = strdup(from->name);
		if (!to->function)
			return -ENOMEM;
	}
	to->image = strdup(at->image);
	return to->image ? set_line(from, to) : -ENOMEM;
}

/* Lines of the i-th frame. Returns how many were inserted before it, or -ENOMEM. */
static int annotate_at(struct klines *k, struct report_frame **frames, size_t *n, size_t i)
{
	struct dwarf_frame found[DWARF_MAX_FRAMES];
	struct report_frame *grown, at = (*frames)[i];
	size_t n_found = 0, inlined, j;
	uint64_t start;
	int err = 0;

	if (strcmp(at.image, "kernel") != 0)
		err = kmodlines__lookup(k->modules, at.image, at.addr - 1, found, &n_found);
	else if (k->dwarf)
		err = dwarf_info__lookup(k->dwarf, at.addr - 1 - k->slide, found, &n_found, &start);
	if (err || !n_found)
		return err;
	inlined = n_found - 1;
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
