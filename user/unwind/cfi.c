/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi - find the call frame information of an ELF image and hand it to cfi_table.
 *
 * Only the frame sections are read, not the code: of libLLVM's 110 MB, 5 MB.
 */
#include "unwind/cfi.h"

#include <dwarf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <zlib.h>

#include "elf/elfimg.h"
#include "unwind/cfi_priv.h"

/* The smallest page of the architectures that we know; segments may be aligned to more. */
static const uint64_t page = 4096;
static const uint32_t max_hdr = 64; /* more than the fixed part of .eh_frame_hdr */

struct builder {
	const struct elfimg *img;
	struct cfi_info *info;
	struct cfi_image image;
	void *bufs[2];		/* contents of image.sects */
	GElf_Phdr eh_frame_hdr; /* p_type is PT_NULL when there is none */
};

static int read_segments(struct builder *b)
{
	Elf *elf = elfimg__elf(b->img);
	uint64_t lowest = UINT64_MAX, highest = 0;
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		uint64_t end;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return -EBADMSG;
		if (ph.p_type == PT_GNU_EH_FRAME)
			b->eh_frame_hdr = ph;
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		end = ph.p_vaddr + ph.p_memsz;
		if (end < ph.p_vaddr)
			goto broken;
		if (ph.p_vaddr < lowest)
			lowest = ph.p_vaddr;
		if (end > highest)
			highest = end;
		if (!(ph.p_flags & PF_X))
			continue;
		if (b->image.n_exec == CFI_MAX_EXEC) {
			b->info->warning = "too many executable segments";
			return -E2BIG;
		}
		b->image.exec[b->image.n_exec++] = (struct cfi_range){ph.p_vaddr, end};
	}
	if (!b->image.n_exec)
		return -ENODATA;
	b->image.base = lowest & ~(page - 1);
	if (highest - b->image.base <= UINT32_MAX)
		return 0;
broken:
	b->info->warning = "the image spans more than 4 GiB";
	return -E2BIG;
}

/* Linux: sections that the linker has compressed (gABI, "Compressed sections"). */
static int decompress(void **buf, uint64_t *size)
{
	Elf64_Chdr chdr;
	Bytef *plain;
	uLongf n;
	int rc;

	if (*size < sizeof(chdr))
		return -EBADMSG;
	memcpy(&chdr, *buf, sizeof(chdr));
	if (chdr.ch_type != ELFCOMPRESS_ZLIB)
		return -ENODATA; /* cannot be read: the same as not there */
	if (chdr.ch_size > CFI_MAX_SECTION)
		return -E2BIG;
	/* deflate makes at most 1032 out of one byte: a header that lies must not cost memory */
	if (chdr.ch_size / 1032 > *size)
		return -EBADMSG;
	plain = malloc(chdr.ch_size + 1);
	if (!plain)
		return -ENOMEM;
	n = chdr.ch_size;
	rc = uncompress(plain, &n, (const Bytef *)*buf + sizeof(chdr),
			(uLong)(*size - sizeof(chdr)));
	if (rc != Z_OK || n != chdr.ch_size) {
		free(plain);
		return -EBADMSG;
	}
	free(*buf);
	*buf = plain;
	*size = n;
	return 0;
}

/* Read a section (a made up one, where there is no section table) and add it to the image. */
static int add_sect(struct builder *b, const struct elf_sect *sect, bool is_eh, bool until_zero)
{
	size_t i = b->image.n_sects;
	uint64_t size = sect->size;
	int err;

	err = elfimg__read_sect(b->img, sect, CFI_MAX_SECTION, &b->bufs[i]);
	if (!err && (sect->flags & SHF_COMPRESSED))
		err = decompress(&b->bufs[i], &size);
	switch (err) {
	case 0:
		break;
	case -EFBIG:
	case -E2BIG:
		b->info->warning = "the frame section is too large";
		return -E2BIG;
	case -ENOEXEC:
	case -EBADMSG:
		b->info->warning = "the frame section cannot be read";
		return -EBADMSG;
	default:
		return err;
	}
	b->image.sects[i] = (struct cfi_section){
		.data = b->bufs[i],
		.size = (size_t)size,
		.addr = sect->addr,
		.is_eh = is_eh,
		.until_zero = until_zero,
	};
	b->image.n_sects++;
	return 0;
}

/*
 * Without a section table: .eh_frame_hdr, which has a program header, points to .eh_frame (LSB
 * 10.6.2). Its size is not known; the rest of its segment is read.
 */
static int add_by_hdr(struct builder *b)
{
	struct elf_sect hdr = {.name = "", .type = SHT_PROGBITS}, sect = hdr;
	const GElf_Phdr *ph = &b->eh_frame_hdr;
	void *buf = NULL;
	struct cursor c;
	uint64_t last;
	uint8_t version, encoding;
	bool known;
	int err;

	if (ph->p_type != PT_GNU_EH_FRAME ||
	    !elfimg__vaddr_to_offset(b->img, ph->p_vaddr, &hdr.offset))
		return -ENODATA;
	hdr.size = ph->p_filesz < max_hdr ? ph->p_filesz : max_hdr;
	err = elfimg__read_sect(b->img, &hdr, max_hdr, &buf);
	if (err == -ENOEXEC)
		goto broken;
	if (err)
		return err;
	c = (struct cursor){.p = buf, .end = (uint8_t *)buf + hdr.size};
	version = cursor__u8(&c);
	encoding = cursor__u8(&c);
	cursor__u16(&c); /* encodings of the search table */
	known = version == 1 && cfi_read_address(&c, encoding, ph->p_vaddr + 4, &sect.addr);
	free(buf);
	if (c.bad || !known || !elfimg__vaddr_to_offset(b->img, sect.addr, &sect.offset))
		goto broken;

	/* The segment that holds it: up to where addresses and offsets go on side by side. */
	for (uint64_t lo = 1, hi = CFI_MAX_SECTION; lo <= hi;) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (elfimg__vaddr_to_offset(b->img, sect.addr + mid - 1, &last) &&
		    last == sect.offset + mid - 1) {
			sect.size = mid;
			lo = mid + 1;
		} else {
			hi = mid - 1;
		}
	}
	return add_sect(b, &sect, true, true);

broken:
	b->info->warning = ".eh_frame_hdr points to nothing";
	return -EBADMSG;
}

/* Whether the section is where the loader puts it: the section table is not what the program runs
 * by. */
static bool is_loaded(const struct builder *b, const struct elf_sect *sect)
{
	uint64_t first, last, size = sect->size;

	return size && sect->addr + size > sect->addr &&
	       elfimg__vaddr_to_offset(b->img, sect->addr, &first) && first == sect->offset &&
	       elfimg__vaddr_to_offset(b->img, sect->addr + size - 1, &last) &&
	       last == sect->offset + size - 1;
}

static int add_sects(struct builder *b)
{
	const struct elf_sect *eh = elfimg__find_sect(b->img, ".eh_frame");
	const struct elf_sect *debug = elfimg__find_sect(b->img, ".debug_frame");
	int err;

	if (eh && is_loaded(b, eh))
		err = add_sect(b, eh, true, false);
	else
		err = add_by_hdr(b);
	if (err && err != -ENODATA)
		return err;
	/* Hand-written assembly (musl's) may be described there only. */
	if (debug)
		err = add_sect(b, debug, false, false);
	if (err && err != -ENODATA)
		return err;
	return b->image.n_sects ? 0 : -ENODATA;
}

int cfi__build(const struct elfimg *img, struct unwind_row **rows, size_t *n, struct cfi_info *info)
{
	struct builder b = {.img = img, .info = info};
	int err;

	*rows = NULL;
	*n = 0;
	*info = (struct cfi_info){0};
	if (!cfi_arch__supported())
		return -ENOTSUP;

	err = read_segments(&b);
	if (err)
		goto cleanup;
	info->base = b.image.base;
	err = cfi_sigreturn__find(img, &b.image);
	if (err)
		goto cleanup;
	err = add_sects(&b);
	if (err && (err != -ENODATA || !b.image.n_sigreturns))
		goto cleanup;
	err = cfi_table__build(&b.image, rows, n, info);

cleanup:
	free(b.bufs[0]);
	free(b.bufs[1]);
	return err;
}
