/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dwarf - lookups with libdw.
 *
 * libdw's own dwarf_getscopes walks a whole unit for each address and again for each inlined
 * function; here the function comes from an index and only its body is searched.
 */
#include "sym/dwarf.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "elf/debugfile.h"
#include "elf/elfimg.h"
#include "sym/dwarf_index.h"

/* DIEs and ranges looked at for one address. */
static const uint64_t lookup_budget = 4 << 20;
static const unsigned int max_nesting = 512;

/* A valid ELF file with an empty .debug_frame: the least that libdw takes for DWARF. */
struct blank_elf {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdrs[3];
	char names[32];
};

struct dwarf_info {
	Dwarf *dw, *alt;
	bool borrowed; /* dw is somebody else's */
	struct elfimg *alt_img;
	struct blank_elf blank;
	Elf *blank_elf;
	uint64_t code_start, code_end;
	struct dwarf_index *index; /* made at the first lookup */
	bool index_failed;
};

/*
 * libdw 0.188 reads strings of a line table (DW_FORM_strp, DW_FORM_line_strp) up to their NUL
 * without asking whether the section has one (found by fuzzing). It works on the sections' data as
 * libelf holds it, unpacked by then, so this can be asked afterwards.
 */
static bool strings_end(Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		const Elf64_Shdr *shdr = elf64_getshdr(scn);
		const char *name = shdr ? elf_strptr(elf, names, shdr->sh_name) : NULL;
		const Elf_Data *data;

		if (!name || shdr->sh_type == SHT_NOBITS ||
		    (strncmp(name, ".debug_", 7) && strncmp(name, ".zdebug_", 8)) ||
		    !strstr(name, "_str"))
			continue;
		if (strstr(name, "_str_offsets"))
			continue;
		data = elf_getdata(scn, NULL);
		if (data && data->d_size && ((const char *)data->d_buf)[data->d_size - 1])
			return false;
	}
	return true;
}

static Dwarf *begin(Elf *elf)
{
	Dwarf *dw = dwarf_begin_elf(elf, DWARF_C_READ, NULL);

	if (dw && !strings_end(elf)) {
		dwarf_end(dw);
		return NULL;
	}
	return dw;
}

static Elf *blank_open(struct blank_elf *b, const Elf64_Ehdr *like)
{
	static const char names[] = "\0.shstrtab\0.debug_frame";

	memcpy(b->names, names, sizeof(names));
	b->ehdr = (Elf64_Ehdr){
		.e_type = ET_DYN,
		.e_machine = like->e_machine,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(b->ehdr),
		.e_shoff = offsetof(struct blank_elf, shdrs),
		.e_shentsize = sizeof(b->shdrs[0]),
		.e_shnum = 3,
		.e_shstrndx = 1,
	};
	memcpy(b->ehdr.e_ident, like->e_ident, EI_NIDENT);
	b->shdrs[1] = (Elf64_Shdr){
		.sh_name = 1,
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct blank_elf, names),
		.sh_size = sizeof(names),
		.sh_addralign = 1,
	};
	b->shdrs[2] = (Elf64_Shdr){
		.sh_name = 11,
		.sh_type = SHT_PROGBITS,
		.sh_offset = offsetof(struct blank_elf, names) + sizeof(names),
		.sh_size = 1,
		.sh_addralign = 1,
	};
	return elf_memory((char *)b, sizeof(*b));
}

/*
 * Give libdw the file that dwz moved shared DWARF to. When there is none it gets a blank one, or it
 * would search on its own and open whatever path the section holds (a FIFO, say).
 */
static int set_alt(struct dwarf_info *d, const struct elfimg *img,
		   const struct debugfile_opts *opts)
{
	const Elf64_Ehdr *like;
	int err;

	if (!elfimg__find_sect(img, ".gnu_debugaltlink"))
		return 0;
	err = debugfile__find_alt(img, opts, &d->alt_img);
	if (err == -ENOMEM)
		return err;
	if (!err)
		d->alt = begin(elfimg__elf(d->alt_img));
	if (!d->alt) {
		like = elf64_getehdr(elfimg__elf(img));
		d->blank_elf = like ? blank_open(&d->blank, like) : NULL;
		if (d->blank_elf)
			d->alt = dwarf_begin_elf(d->blank_elf, DWARF_C_READ, NULL);
	}
	if (!d->alt)
		return -ENOENT;
	dwarf_setalt(d->dw, d->alt);
	return 0;
}

static void code_bounds(const struct elfimg *img, uint64_t *start, uint64_t *end)
{
	const uint64_t want = SHF_ALLOC | SHF_EXECINSTR;

	*start = UINT64_MAX;
	*end = 0;
	for (size_t i = 1; i < elfimg__n_sects(img); i++) {
		const struct elf_sect *s = elfimg__sect(img, i);

		if ((s->flags & want) != want || s->size > UINT64_MAX - s->addr)
			continue;
		if (s->addr < *start)
			*start = s->addr;
		if (s->addr + s->size > *end)
			*end = s->addr + s->size;
	}
}

int dwarf_info__new(struct elfimg *img, const struct elfimg *code,
		    const struct debugfile_opts *opts, struct dwarf_info **out)
{
	struct dwarf_info *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	*out = NULL;
	if (!d)
		goto cleanup;
	err = -ENOENT;
	code_bounds(code, &d->code_start, &d->code_end);
	if (d->code_start >= d->code_end)
		goto cleanup;
	d->dw = begin(elfimg__elf(img));
	if (!d->dw)
		goto cleanup;
	err = set_alt(d, img, opts);
	if (err)
		goto cleanup;
	*out = d;
	d = NULL;

cleanup:
	dwarf_info__free(d);
	return err;
}

int dwarf_info__of(Dwarf *dw, uint64_t code_start, uint64_t code_end, struct dwarf_info **out)
{
	struct dwarf_info *d;

	*out = NULL;
	if (!strings_end(dwarf_getelf(dw)))
		return -ENOENT;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->dw = dw;
	d->borrowed = true;
	d->code_start = code_start;
	d->code_end = code_end;
	*out = d;
	return 0;
}

struct Dwarf *dwarf_info__dwarf(const struct dwarf_info *d)
{
	return d->dw;
}

void dwarf_info__free(struct dwarf_info *d)
{
	if (!d)
		return;
	dwarf_index__free(d->index);
	if (!d->borrowed)
		dwarf_end(d->dw);
	dwarf_end(d->alt); /* given, so not libdw's to end */
	elf_end(d->blank_elf);
	elfimg__free(d->alt_img);
	free(d);
}

/* Mangled name if there is one: it has the scope and the parameters. */
static const char *die_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = NULL;

	/* Integrated: through DW_AT_abstract_origin and DW_AT_specification. */
	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr))
		name = dwarf_formstring(&attr);
	if (!name)
		name = dwarf_diename(die);
	return name && *name ? name : NULL;
}

static bool covers(Dwarf_Die *die, uint64_t pc, uint64_t *budget)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t next = 0;

	while (*budget && (next = dwarf_ranges(die, next, &base, &start, &end)) > 0) {
		--*budget;
		if (pc >= start && pc < end)
			return true;
	}
	return false;
}

/* Find the block or inlined call directly inside parent whose code has pc. Returns 1 or 0. */
static int child_at(Dwarf_Die *parent, uint64_t pc, uint64_t *budget, Dwarf_Die *child)
{
	if (dwarf_child(parent, child))
		return 0;
	do {
		if (!*budget)
			return 0;
		--*budget;
		switch (dwarf_tag(child)) {
		case DW_TAG_inlined_subroutine:
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
		case DW_TAG_with_stmt:
			if (covers(child, pc, budget))
				return 1;
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(child, child) == 0);
	return 0;
}

/* Inlined calls around pc, innermost first. */
static size_t inlined_at(Dwarf_Die *fn, uint64_t pc, Dwarf_Die *calls, size_t max)
{
	uint64_t budget = lookup_budget;
	Dwarf_Die die = *fn, child;
	size_t n = 0;

	for (unsigned int i = 0; i < max_nesting && child_at(&die, pc, &budget, &child); i++) {
		die = child;
		if (dwarf_tag(&die) != DW_TAG_inlined_subroutine)
			continue;
		memmove(calls + 1, calls, (n < max ? n : max - 1) * sizeof(*calls));
		calls[0] = die;
		n += n < max;
	}
	return n;
}

static const char *compiled_in(Dwarf_Die *cu)
{
	Dwarf_Attribute attr;

	return dwarf_attr(cu, DW_AT_comp_dir, &attr) ? dwarf_formstring(&attr) : NULL;
}

static void line_at(Dwarf_Die *cu, uint64_t pc, struct dwarf_frame *f)
{
	Dwarf_Line *line = dwarf_getsrc_die(cu, pc);

	f->path = NULL;
	f->line = 0;
	if (!line)
		return;
	f->path = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &f->line) || f->line < 0)
		f->line = 0;
}

static void call_site(Dwarf_Die *cu, Dwarf_Die *call, struct dwarf_frame *f)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word v;
	size_t n;

	f->path = NULL;
	f->line = 0;
	if (dwarf_attr(call, DW_AT_call_line, &attr) && !dwarf_formudata(&attr, &v) && v <= INT_MAX)
		f->line = (int)v;
	if (dwarf_attr(call, DW_AT_call_file, &attr) && !dwarf_formudata(&attr, &v) &&
	    !dwarf_getsrcfiles(cu, &files, &n) && v < n)
		f->path = dwarf_filesrc(files, v, NULL, NULL);
}

int dwarf_info__lookup(struct dwarf_info *d, uint64_t vaddr,
		       struct dwarf_frame frames[DWARF_MAX_FRAMES], size_t *n, uint64_t *start)
{
	Dwarf_Die calls[DWARF_MAX_FRAMES - 1];
	struct dwarf_frame at;
	size_t n_calls = 0;
	Dwarf_Addr entry;
	uint64_t piece;
	Dwarf_Die cu, fn;
	int ret;

	*n = 0;
	*start = 0;
	if (!d->index && !d->index_failed) {
		ret = dwarf_index__new(d->dw, d->code_start, d->code_end, &d->index);
		d->index_failed = ret != 0;
		if (ret)
			return ret;
	}
	if (!d->index || !dwarf_index__cu(d->index, vaddr, &cu))
		return 0;
	ret = dwarf_index__function(d->index, vaddr, &fn, &piece);
	if (ret < 0)
		return ret;

	at = (struct dwarf_frame){.dir = compiled_in(&cu)};
	line_at(&cu, vaddr, &at);
	if (ret) {
		n_calls = inlined_at(&fn, vaddr, calls, DWARF_MAX_FRAMES - 1);
		/* The cold part of a split function may lie before its entry. */
		*start = !dwarf_entrypc(&fn, &entry) && entry <= vaddr ? entry : piece;
	}
	for (size_t i = 0; i < n_calls; i++) {
		at.name = die_name(&calls[i]);
		at.inlined = true;
		frames[(*n)++] = at;
		call_site(&cu, &calls[i], &at);
	}
	at.name = ret ? die_name(&fn) : NULL;
	at.inlined = false;
	frames[(*n)++] = at;
	return 0;
}
