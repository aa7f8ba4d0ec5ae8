/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elfsyms - the symbols of an image: .dynsym and .symtab (elf(5), "Symbol"). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg_priv.h"

/* The largest known tables (browsers, unstripped) have some millions of symbols. */
static const uint64_t max_symtab = 512ULL << 20;
static const uint64_t max_strtab = 1ULL << 30;

void elf_symtab__clear(struct elf_symtab *t)
{
	free(t->syms);
	free(t->strs);
	memset(t, 0, sizeof(*t));
}

/* In .symtab versions are part of the name: "malloc@@GLIBC_2.2.5". Cut them off, in our copy. */
static void cut_versions(char *strs, size_t size)
{
	char *at = strs, *end = strs + size;

	while ((at = memchr(at, '@', (size_t)(end - at))))
		*at++ = '\0';
}

static int load(const struct elfimg *img, uint32_t type, struct elf_symtab *t)
{
	const struct elf_sect *syms = NULL, *strs;
	void *buf;
	int err;

	for (size_t i = 1; i < img->n_sects && !syms; i++)
		if (img->sects[i].type == type)
			syms = &img->sects[i];
	if (!syms)
		return 0;
	strs = elfimg__sect(img, syms->link);
	if (!strs || strs->type != SHT_STRTAB || (syms->flags | strs->flags) & SHF_COMPRESSED)
		return -ENOEXEC;
	err = elfimg__read_sect(img, strs, max_strtab, &buf);
	if (err)
		return err;
	t->strs = buf;
	t->strs_size = strs->size;
	err = elfimg__read_sect(img, syms, max_symtab, &buf);
	if (err)
		return err;
	t->syms = buf; /* malloc's alignment suits it */
	t->n = syms->size / sizeof(*t->syms);
	if (type == SHT_SYMTAB)
		cut_versions(t->strs, t->strs_size);
	return 0;
}

static bool in_exec_sect(const struct elfimg *img, const Elf64_Sym *s)
{
	const struct elf_sect *sect;

	/* Reserved indices: SHN_ABS has no section; SHN_XINDEX needs > 65279 sections. */
	if (s->st_shndx == SHN_UNDEF || s->st_shndx >= SHN_LORESERVE)
		return false;
	sect = elfimg__sect(img, s->st_shndx);
	return sect && sect->flags & SHF_EXECINSTR;
}

static int load_once(const struct elfimg *img, struct elf_symtab *t, uint32_t type)
{
	if (!t->tried) {
		t->tried = true;
		t->err = load(img, type, t);
		if (t->err)
			t->n = 0;
	}
	/* A broken table is an empty one: it does not take the other one down. */
	return t->err == -ENOMEM ? t->err : 0;
}

static int visit(const struct elfimg *img, const struct elf_symtab *t, bool dynamic,
		 int (*fn)(const struct elf_sym *, void *), void *arg)
{
	for (size_t i = 1; i < t->n; i++) { /* 0 is the null symbol */
		const Elf64_Sym *s = &t->syms[i];
		unsigned int kind = ELF64_ST_TYPE(s->st_info), bind = ELF64_ST_BIND(s->st_info);
		struct elf_sym sym;
		int ret;

		if (s->st_name >= t->strs_size || !t->strs[s->st_name])
			continue;
		if (kind == STT_SECTION || kind == STT_FILE)
			continue;
		sym = (struct elf_sym){
			.name = t->strs + s->st_name,
			.vaddr = s->st_value,
			.size = s->st_size,
			.is_func = kind == STT_FUNC || kind == STT_GNU_IFUNC ||
				   (kind == STT_NOTYPE && in_exec_sect(img, s)),
			.is_ifunc = kind == STT_GNU_IFUNC,
			.is_object = kind == STT_OBJECT,
			.is_notype = kind == STT_NOTYPE,
			.is_defined = s->st_shndx != SHN_UNDEF,
			.is_dynamic = dynamic,
			.is_global = bind == STB_GLOBAL || bind == STB_WEAK ||
				     bind == STB_GNU_UNIQUE,
			.is_weak = bind == STB_WEAK,
		};
		ret = fn(&sym, arg);
		if (ret)
			return ret;
	}
	return 0;
}

int elfimg__for_each_sym(const struct elfimg *img, int (*fn)(const struct elf_sym *, void *),
			 void *arg)
{
	struct elfimg *cache = (struct elfimg *)img; /* loading a table does not change the image */
	int ret;

	ret = load_once(img, &cache->dynsym, SHT_DYNSYM);
	if (!ret)
		ret = visit(img, &img->dynsym, true, fn, arg);
	if (!ret)
		ret = load_once(img, &cache->symtab, SHT_SYMTAB);
	if (!ret)
		ret = visit(img, &img->symtab, false, fn, arg);
	return ret;
}

const Elf64_Sym *elfimg__dynsym(const struct elfimg *img, size_t index)
{
	struct elfimg *cache = (struct elfimg *)img;

	if (load_once(img, &cache->dynsym, SHT_DYNSYM) || index >= img->dynsym.n)
		return NULL;
	return &img->dynsym.syms[index];
}
