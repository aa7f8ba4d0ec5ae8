/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elfnote - the GNU build-id of an image.
 *
 * Notes: elf(5) "Notes (Nhdr)"; owner "GNU", type NT_GNU_BUILD_ID. Sections are tried first: in a
 * separate debug file the segments no longer point at their contents.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg_priv.h"

/* Real note sections are below a few hundred bytes (package metadata included). */
static const uint64_t max_notes = 64 << 10;

/* Round up to align, a power of two. v is at most 32 bits wide, so nothing wraps. */
static uint64_t round_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static bool scan(struct elfimg *img, const uint8_t *data, uint64_t size, uint64_t align)
{
	uint64_t pos = 0;
	Elf64_Nhdr n;

	while (size - pos >= sizeof(n)) {
		uint64_t name, desc;

		memcpy(&n, data + pos, sizeof(n));
		name = pos + sizeof(n);
		desc = round_up(name + n.n_namesz, align);
		if (desc > size || n.n_descsz > size - desc)
			return false;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(data + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && n.n_descsz > 0 &&
		    n.n_descsz <= ELFIMG_MAX_BUILD_ID) {
			memcpy(img->build_id, data + desc, n.n_descsz);
			img->build_id_size = n.n_descsz;
			return true;
		}
		pos = round_up(desc + n.n_descsz, align);
		if (pos > size)
			return false;
	}
	return false;
}

/* Returns 1 found, 0 not found, or negative errno. */
static int scan_at(struct elfimg *img, uint64_t offset, uint64_t size, uint64_t align)
{
	uint8_t *data;
	int ret;

	if (size == 0 || size > max_notes)
		return 0;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	ret = elfimg__pread(img, data, size, offset);
	if (!ret)
		ret = scan(img, data, size, align == 8 ? 8 : 4);
	else if (ret == -ENOEXEC)
		ret = 0; /* outside of the file: no note */
	free(data);
	return ret;
}

int elfimg__scan_notes(struct elfimg *img)
{
	int ret = 0;

	for (size_t i = 0; i < img->n_sects && !ret; i++) {
		const struct elf_sect *s = &img->sects[i];

		/* .note.gnu.property, the one with alignment 8, holds no build-id. */
		if (s->type == SHT_NOTE)
			ret = scan_at(img, s->offset, s->size, 4);
	}
	for (size_t i = 0; i < img->n_phdrs && !ret; i++) {
		const Elf64_Phdr *p = &img->phdrs[i];

		if (p->p_type == PT_NOTE)
			ret = scan_at(img, p->p_offset, p->p_filesz, p->p_align);
	}
	return ret < 0 ? ret : 0;
}
