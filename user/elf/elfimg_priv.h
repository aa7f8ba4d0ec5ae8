/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elfimg_priv - what the files that implement elfimg share. */
#ifndef ELFIMG_PRIV_H
#define ELFIMG_PRIV_H

#include "elf/elfimg.h"

enum {
	ELFIMG_MAX_BUILD_ID = 64,
};

/* A symbol table with its strings, read on first use. */
struct elf_symtab {
	bool tried;
	int err;
	Elf64_Sym *syms;
	size_t n;
	char *strs;	  /* NUL follows the last byte */
	size_t strs_size; /* without that NUL */
};

struct elfimg {
	int fd;
	char *name;
	Elf *elf;
	uint64_t size; /* of the file */
	Elf64_Ehdr ehdr;
	Elf64_Phdr *phdrs;
	size_t n_phdrs;
	struct elf_sect *sects;
	size_t n_sects;
	char *sect_names;
	uint8_t build_id[ELFIMG_MAX_BUILD_ID];
	size_t build_id_size;
	struct elf_symtab dynsym, symtab; /* caches: filled through a const image */
};

/* Read exactly size bytes at offset. Returns 0, -ENOEXEC when the file ends before, or -errno. */
int elfimg__pread(const struct elfimg *img, void *buf, size_t size, uint64_t offset);
/* Find the build-id in notes. Only memory and read errors are returned. */
int elfimg__scan_notes(struct elfimg *img);
/* Entry number index of .dynsym, NULL: no such. Borrowed. */
const Elf64_Sym *elfimg__dynsym(const struct elfimg *img, size_t index);
void elf_symtab__clear(struct elf_symtab *t);
#endif
