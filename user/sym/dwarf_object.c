/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sym/dwarf_object.h"

#include <elf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sym/dwarf.h"

#define BASE 0x10000000 /* where libdwfl is to begin */
#define MAX_SECTIONS 256

struct dwarf_object {
	Dwfl *dwfl;
	struct dwarf_info *info;
	struct dwarf_section sections[MAX_SECTIONS];
	size_t n;
};

/* Nothing is looked for: the caller has the file. */
static int find_no_elf(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
		       char **file, Elf **elf)
{
	(void)mod, (void)data, (void)name, (void)base, (void)file, (void)elf;
	return -1;
}

static int find_no_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
			     const char *file, const char *link, GElf_Word crc, char **debug)
{
	(void)mod, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc,
		(void)debug;
	return -1;
}

/* Only of sections that have an address already, so never. */
static int no_address(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base,
		      const char *section, GElf_Word index, const GElf_Shdr *shdr, Dwarf_Addr *addr)
{
	(void)mod, (void)data, (void)name, (void)base, (void)section, (void)index, (void)shdr;
	*addr = -1;
	return DWARF_CB_OK;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = find_no_debuginfo,
	.section_address = no_address,
};

/* Learn the sections with code. False: this is nothing that can be used. */
static bool find_sections(struct dwarf_object *o, Elf *elf, GElf_Addr bias)
{
	const uint64_t want = SHF_ALLOC | SHF_EXECINSTR;
	const Elf64_Ehdr *ehdr = elf64_getehdr(elf);
	Elf_Scn *scn = NULL;
	size_t names;

	if (!ehdr || ehdr->e_type != ET_REL || elf_getshdrstrndx(elf, &names))
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		const Elf64_Shdr *shdr = elf64_getshdr(scn);
		const char *name = shdr ? elf_strptr(elf, names, shdr->sh_name) : NULL;

		/* libdwfl would follow it to whatever file it names */
		if (!name || !strcmp(name, ".gnu_debugaltlink"))
			return false;
		if ((shdr->sh_flags & want) != want || !shdr->sh_size || o->n == MAX_SECTIONS)
			continue;
		o->sections[o->n++] = (struct dwarf_section){
			.name = name, .start = shdr->sh_addr + bias, .size = shdr->sh_size};
	}
	return o->n;
}

int dwarf_object__new(int fd, const char *name, struct dwarf_object **out)
{
	struct dwarf_object *o = calloc(1, sizeof(*o));
	int own = dup(fd), err = -ENOENT;
	Dwfl_Module *mod;
	GElf_Addr bias;
	Dwarf *dw;
	Elf *elf;

	*out = NULL;
	if (!o) {
		err = -ENOMEM;
		goto cleanup;
	}
	o->dwfl = dwfl_begin(&callbacks);
	if (!o->dwfl || own < 0)
		goto cleanup;
	dwfl_report_begin(o->dwfl);
	mod = dwfl_report_elf(o->dwfl, name, name, own, BASE, false);
	if (mod)
		own = -1; /* libdwfl's now */
	dwfl_report_end(o->dwfl, NULL, NULL);
	elf = mod ? dwfl_module_getelf(mod, &bias) : NULL;
	if (!elf || !find_sections(o, elf, bias))
		goto cleanup;
	dw = dwfl_module_getdwarf(mod, &bias);
	if (dw)
		err = dwarf_info__of(dw, o->sections[0].start,
				     o->sections[o->n - 1].start + o->sections[o->n - 1].size,
				     &o->info);
	if (err)
		goto cleanup;
	*out = o;
	o = NULL;
cleanup:
	if (own >= 0)
		close(own);
	dwarf_object__free(o);
	return err;
}

void dwarf_object__free(struct dwarf_object *o)
{
	if (!o)
		return;
	dwarf_info__free(o->info);
	dwfl_end(o->dwfl);
	free(o);
}

const struct dwarf_section *dwarf_object__section(const struct dwarf_object *o, size_t i)
{
	return i < o->n ? &o->sections[i] : NULL;
}

struct dwarf_info *dwarf_object__info(const struct dwarf_object *o)
{
	return o->info;
}
