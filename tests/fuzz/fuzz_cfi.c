/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the builder of unwind tables; what it accepts must keep the promises of cfi.h. The first
 * byte of the input says what the rest is: sections, or an ELF file.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "unwind/cfi_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
	if (!cond)
		abort();
}

static void check(int err, const struct unwind_row *rows, size_t n, const struct cfi_info *info)
{
	size_t kinds = 0;

	must(!err == (rows != NULL) && !err == (n != 0));
	must(!info->warning || err);
	for (size_t i = 0; i < n; i++) {
		const struct unwind_row *r = &rows[i], *before = r - 1;

		must(r->kind < UNWIND_N_KINDS);
		must(r->kind == UNWIND_SP || r->kind == UNWIND_FP || r->kind == UNWIND_SP_FAR ||
		     !r->save);
		if (i) {
			must(before->pc < r->pc);
			must(before->cfa != r->cfa || before->kind != r->kind ||
			     before->save != r->save);
		}
	}
	must(!n || rows[n - 1].kind == UNWIND_END);
	for (size_t i = 0; i < UNWIND_N_KINDS; i++)
		kinds += info->kinds[i];
	must(kinds == n);
}

/* Sections at a fixed place; where the second begins is taken from the input. */
static void fuzz_sections(uint8_t mode, const uint8_t *data, size_t size)
{
	struct cfi_image img = {
		.base = 0x1000,
		.exec = {{0x1000, 0x100000}, {0x200000, 0x200100}},
		.n_exec = 2,
	};
	struct unwind_row *rows = NULL;
	struct cfi_info info = {0};
	size_t n = 0, split = size;
	int err;

	if ((mode & 2) && size) {
		split = (size_t)data[0] * 4;
		data++;
		size--;
		if (split > size)
			split = size;
	}
	img.sects[0] = (struct cfi_section){
		.data = data,
		.size = split,
		.addr = 0x300000,
		.is_eh = !(mode & 1),
		.until_zero = mode & 4,
	};
	img.sects[1] = (struct cfi_section){.data = data + split, .size = size - split};
	img.n_sects = split < size ? 2 : 1;
	if (mode & 8)
		img.sigreturns[img.n_sigreturns++] = (struct cfi_range){0x1010, 0x101a};
	err = cfi_table__build(&img, &rows, &n, &info);
	check(err, rows, n, &info);
	free(rows);
}

static void fuzz_file(const uint8_t *data, size_t size)
{
	struct unwind_row *rows;
	struct elfimg *img = NULL;
	struct cfi_info info;
	size_t n;
	int fd = memfd_create("fuzz", MFD_CLOEXEC), err;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!elfimg__open(fd, "fuzz", &img)) {
		err = cfi__build(img, &rows, &n, &info);
		check(err, rows, n, &info);
		free(rows);
	}
	elfimg__free(img);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] >= 0x80)
		fuzz_file(data + 1, size - 1);
	else
		fuzz_sections(data[0], data + 1, size - 1);
	return 0;
}
