/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elfreloc - dynamic relocations that fill function pointers (psABI x86-64 4.4.1, arm64 5.7.12). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg_priv.h"

static const uint64_t max_relocs = 64ULL << 20; /* bytes of one section */

static bool resolve(const struct elfimg *img, const Elf64_Rela *r, uint64_t *target)
{
	uint32_t type = ELF64_R_TYPE(r->r_info);
	const Elf64_Sym *sym;

	if (type == R_X86_64_RELATIVE || type == R_AARCH64_RELATIVE) {
		*target = (uint64_t)r->r_addend;
		return true;
	}
	if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT &&
	    type != R_AARCH64_JUMP_SLOT && type != R_AARCH64_GLOB_DAT)
		return false;
	sym = elfimg__dynsym(img, ELF64_R_SYM(r->r_info));
	if (!sym || sym->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(sym->st_info) != STT_FUNC)
		return false;
	*target = sym->st_value;
	return true;
}

/* The relocation of the pointer at slot. */
static bool find_reloc(const struct elfimg *img, uint64_t slot, Elf64_Rela *out)
{
	bool found = false;

	for (size_t i = 1; i < img->n_sects && !found; i++) {
		const struct elf_sect *sect = &img->sects[i];
		size_t n = sect->size / sizeof(Elf64_Rela);
		void *buf;

		if (sect->type != SHT_RELA || !(sect->flags & SHF_ALLOC) ||
		    elfimg__read_sect(img, sect, max_relocs, &buf))
			continue;
		for (size_t k = 0; k < n && !found; k++) {
			memcpy(out, (char *)buf + k * sizeof(*out), sizeof(*out));
			found = out->r_offset == slot;
		}
		free(buf);
	}
	return found;
}

bool elfimg__slot_target(const struct elfimg *img, uint64_t slot, uint64_t *target)
{
	Elf64_Rela r;

	return find_reloc(img, slot, &r) && resolve(img, &r, target);
}

/* The symbol whose target is chosen at run time by the function at resolver; NULL: no such. */
static const Elf64_Sym *find_ifunc(const struct elfimg *img, uint64_t resolver)
{
	const Elf64_Sym *sym;
	size_t i;

	for (i = 1; (sym = elfimg__dynsym(img, i)); i++)
		if (ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC && sym->st_value == resolver)
			return sym;
	return NULL;
}

const char *elfimg__slot_symbol(const struct elfimg *img, uint64_t slot)
{
	const Elf64_Sym *sym;
	Elf64_Rela r;
	uint32_t type;

	if (!find_reloc(img, slot, &r))
		return NULL;
	type = ELF64_R_TYPE(r.r_info);
	if (type == R_X86_64_IRELATIVE || type == R_AARCH64_IRELATIVE)
		sym = find_ifunc(img, (uint64_t)r.r_addend);
	else
		sym = elfimg__dynsym(img, ELF64_R_SYM(r.r_info));
	if (!sym || sym->st_name >= img->dynsym.strs_size)
		return NULL;
	return img->dynsym.strs + sym->st_name;
}
