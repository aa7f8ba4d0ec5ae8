/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi_sigreturn - signal frames that nothing describes.
 *
 * The code that a signal handler returns to belongs to the C library. glibc describes it, musl and
 * Go do not: they are recognised by their instructions, as gdb and libgcc do.
 */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>

#include "elf/elfimg.h"
#include "target/dynamic.h"
#include "unwind/cfi_priv.h"

/* Larger than a C library, and than static programs except some in Go. */
static const uint64_t max_scan = 64 << 20;
static const uint64_t chunk = 1 << 20;

/* Only what needs no other library brings its own C library, or is one. */
static int has_own_libc(const struct elfimg *img, bool *has)
{
	struct dynamic dyn;
	int err = dynamic__read(img, &dyn);

	if (err)
		return err;
	*has = !dyn.interp && !dyn.n_needed;
	dynamic__clear(&dyn);
	return 0;
}

static void scan_chunk(struct cfi_image *image, const uint8_t *buf, size_t size, uint64_t vaddr)
{
	size_t n;
	const uint8_t *code = cfi_arch__sigreturn(&n), *p = buf, *hit;

	while (image->n_sigreturns < CFI_MAX_SIGRETURNS &&
	       (hit = memmem(p, size - (size_t)(p - buf), code, n))) {
		uint64_t at = vaddr + (uint64_t)(hit - buf);

		/*
		 * The handler's return address is the first instruction, and is looked up like all
		 * return addresses, minus one; glibc's FDE begins there, too.
		 */
		if (at > image->base)
			image->sigreturns[image->n_sigreturns++] = (struct cfi_range){at - 1,
										      at + n};
		p = hit + n;
	}
}

/* *left: bytes that may still be read. Returns 0 or -ENOMEM. */
static int scan_segment(const struct elfimg *img, const GElf_Phdr *ph, struct cfi_image *image,
			uint64_t *left)
{
	struct elf_sect part = {.name = "", .type = SHT_PROGBITS};
	uint64_t size = ph->p_filesz < ph->p_memsz ? ph->p_filesz : ph->p_memsz, done = 0;
	size_t n;

	cfi_arch__sigreturn(&n);
	while (size - done >= n && *left) {
		void *buf;
		int err;

		part.offset = ph->p_offset + done;
		part.size = size - done < chunk ? size - done : chunk;
		err = elfimg__read_sect(img, &part, chunk, &buf);
		if (err) /* what cannot be read does not run either */
			return err == -ENOMEM ? err : 0;
		scan_chunk(image, buf, part.size, ph->p_vaddr + done);
		free(buf);
		*left -= *left < part.size ? *left : part.size;
		done += part.size;
		if (done < size) /* it may lie across the border */
			done -= n - 1;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct cfi_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

int cfi_sigreturn__find(const struct elfimg *img, struct cfi_image *image)
{
	Elf *elf = elfimg__elf(img);
	uint64_t left = max_scan;
	size_t n;
	bool has;
	int err;

	if (!cfi_arch__sigreturn(&n))
		return 0;
	err = has_own_libc(img, &has);
	if (err || !has || elf_getphdrnum(elf, &n))
		return err;
	for (size_t i = 0; i < n && !err; i++) {
		GElf_Phdr ph;

		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && (ph.p_flags & PF_X))
			err = scan_segment(img, &ph, image, &left);
	}
	qsort(image->sigreturns, image->n_sigreturns, sizeof(image->sigreturns[0]), by_start);
	return err;
}
