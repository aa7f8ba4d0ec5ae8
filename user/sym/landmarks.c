/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sym/landmarks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "sym/demangle.h"
#include "target/maps.h"
#include "target/openimg.h"

#define MAX_FILES 4096
#define MAX_SYMBOLS (1u << 24) /* of a file */

struct symbol {
	uint64_t vaddr, size;
	const char *raw; /* the image's */
	char *name;	 /* demangled, once it was asked for; or raw */
	bool is_function, is_global;
};

struct file {
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	struct elfimg *elf;
	uint64_t bias; /* address in the process - ELF virtual address */
	bool has_bias;
	struct symbol *symbol; /* by address */
	size_t n, max;
};

struct landmarks {
	pid_t pid;
	const struct maps *maps;
	struct file *file;
	size_t n_files;
};

struct landmarks *landmarks__new(pid_t pid, const struct maps *maps)
{
	struct landmarks *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->pid = pid;
	l->maps = maps;
	return l;
}

void landmarks__free(struct landmarks *l)
{
	size_t i, k;

	if (!l)
		return;
	for (i = 0; i < l->n_files; i++) {
		struct file *f = &l->file[i];

		for (k = 0; k < f->n; k++)
			if (f->symbol[k].name != f->symbol[k].raw)
				free(f->symbol[k].name);
		free(f->symbol);
		elfimg__free(f->elf);
	}
	free(l->file);
	free(l);
}

/* --- one file --- */

static int add_symbol(const struct elf_sym *sym, void *arg)
{
	struct file *f = arg;
	size_t max = f->max ? f->max * 2 : 256;
	struct symbol *grown;

	if (!sym->is_defined || !sym->size || !(sym->is_func || sym->is_object))
		return 0;
	if (f->n == f->max) {
		grown = f->n < MAX_SYMBOLS ? reallocarray(f->symbol, max, sizeof(*grown)) : NULL;
		if (!grown)
			return 1; /* enough is known */
		f->symbol = grown;
		f->max = max;
	}
	f->symbol[f->n++] = (struct symbol){.vaddr = sym->vaddr,
					    .size = sym->size,
					    .raw = sym->name,
					    .is_function = sym->is_func,
					    .is_global = sym->is_global};
	return 0;
}

/* Of names for the same thing the global one comes first, then the shortest. */
static int by_address(const void *pa, const void *pb)
{
	const struct symbol *a = pa, *b = pb;
	size_t length_a, length_b;

	if (a->vaddr != b->vaddr)
		return a->vaddr < b->vaddr ? -1 : 1;
	if (a->is_global != b->is_global)
		return a->is_global ? -1 : 1;
	length_a = strlen(a->raw);
	length_b = strlen(b->raw);
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a->raw, b->raw);
}

static bool is_of(const struct file *f, const struct mapping *m)
{
	return f->inode == m->inode && f->dev_major == m->dev_major && f->dev_minor == m->dev_minor;
}

static void find_bias(struct landmarks *l, struct file *f)
{
	uint64_t vaddr;
	size_t i;

	for (i = 0; i < l->maps->n && !f->has_bias; i++) {
		const struct mapping *m = &l->maps->map[i];

		if (m->exec && is_of(f, m) &&
		    elfimg__exec_mapping_vaddr(f->elf, m->offset, &vaddr)) {
			f->bias = m->start - vaddr;
			f->has_bias = true;
		}
	}
}

static struct file *open_file(struct landmarks *l, const struct mapping *m)
{
	struct file *grown, *f;
	size_t i;
	int fd;

	for (i = 0; i < l->n_files; i++)
		if (is_of(&l->file[i], m))
			return &l->file[i];
	if (l->n_files == MAX_FILES)
		return NULL;
	if (!(l->n_files & (l->n_files - 1))) {
		grown = reallocarray(l->file, l->n_files ? l->n_files * 2 : 1, sizeof(*grown));
		if (!grown)
			return NULL;
		l->file = grown;
	}
	f = &l->file[l->n_files++];
	*f = (struct file){.inode = m->inode, .dev_major = m->dev_major, .dev_minor = m->dev_minor};
	fd = openimg__open(l->pid, m);
	if (fd >= 0 && !elfimg__open(fd, m->path, &f->elf)) {
		find_bias(l, f);
		elfimg__for_each_sym(f->elf, add_symbol, f);
		if (f->n)
			qsort(f->symbol, f->n, sizeof(*f->symbol), by_address);
	}
	if (fd >= 0)
		close(fd);
	return f;
}

static struct symbol *find_symbol(struct file *f, uint64_t vaddr)
{
	size_t low = 0, high = f->n;
	struct symbol *s;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->symbol[mid].vaddr <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	s = &f->symbol[low - 1];
	while (s > f->symbol && s[-1].vaddr == s->vaddr)
		s--;
	for (; s < f->symbol + low; s++)
		if (vaddr - s->vaddr < s->size)
			return s;
	return NULL;
}

static const char *name_of(struct symbol *s)
{
	if (!s->name)
		s->name = demangle__name(s->raw);
	if (!s->name)
		s->name = (char *)s->raw;
	return s->name;
}

/* --- addresses --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* What is not initialised continues a file's data as a mapping without a name. */
static const struct mapping *file_mapping(const struct landmarks *l, const struct mapping *m)
{
	if (m->inode)
		return m;
	if (m->path[0] && strncmp(m->path, "[anon", 5) != 0 && strcmp(m->path, "[heap]") != 0)
		return NULL;
	while (m > l->maps->map && m[-1].end == m->start) {
		m--;
		if (m->inode)
			return m->write ? m : NULL;
	}
	return NULL;
}

bool landmarks__find(struct landmarks *l, uint64_t addr, struct landmark *out)
{
	const struct mapping *m = maps__find(l->maps, addr), *of;
	struct symbol *s = NULL;
	struct file *f = NULL;

	*out = (struct landmark){0};
	if (!m)
		return false;
	out->start = m->start;
	out->image = m->path[0] ? base_name(m->path) : "[anon]";
	of = file_mapping(l, m);
	if (of)
		f = open_file(l, of);
	if (!f)
		return true;
	if (f->has_bias)
		s = find_symbol(f, addr - f->bias);
	if (s) {
		out->symbol = name_of(s);
		out->is_function = s->is_function;
		out->start = s->vaddr + f->bias;
		out->vaddr = s->vaddr;
		out->image = base_name(of->path);
	}
	if (s || of == m)
		out->elf = f->elf;
	return true;
}

bool landmarks__name(struct landmarks *l, uint64_t addr, char *buf, size_t size)
{
	struct landmark at;

	if (!landmarks__find(l, addr, &at))
		return false;
	if (addr == at.start)
		snprintf(buf, size, "%s", at.symbol ? at.symbol : at.image);
	else
		snprintf(buf, size, "%s+0x%" PRIx64, at.symbol ? at.symbol : at.image,
			 addr - at.start);
	return true;
}
