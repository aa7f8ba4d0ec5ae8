/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_make - ELF files made by hand, for tests that need to know every byte. */
#ifndef ELF_MAKE_H
#define ELF_MAKE_H

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__aarch64__)
#define ELF_MAKE_MACHINE EM_AARCH64
#else
#define ELF_MAKE_MACHINE EM_X86_64
#endif

struct elf_make {
	Elf64_Ehdr ehdr; /* change fields before elf_make__fd */
	Elf64_Shdr sects[16];
	size_t n;
	char names[512];
	size_t names_size;
	unsigned char data[16384]; /* follows the file header */
	size_t size;
};

/* Add a section; data may be NULL (zeroes, or nothing for SHT_NOBITS). Returns its index. */
static inline size_t elf_make__sect(struct elf_make *e, const char *name, uint32_t type,
				    uint64_t flags, uint64_t addr, const void *data, size_t size)
{
	Elf64_Shdr *s = &e->sects[e->n];

	s->sh_name = (uint32_t)e->names_size;
	strcpy(e->names + e->names_size, name);
	e->names_size += strlen(name) + 1;
	s->sh_type = type;
	s->sh_flags = flags;
	s->sh_addr = addr;
	s->sh_offset = sizeof(e->ehdr) + e->size;
	s->sh_size = size;
	s->sh_addralign = 1;
	if (type != SHT_NOBITS) {
		if (e->size + size > sizeof(e->data))
			abort();
		if (data)
			memcpy(e->data + e->size, data, size);
		e->size += (size + 7) & ~(size_t)7;
	}
	return e->n++;
}

static inline void elf_make__init(struct elf_make *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->ehdr.e_ident, ELFMAG, SELFMAG);
	e->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	e->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	e->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	e->ehdr.e_type = ET_DYN;
	e->ehdr.e_machine = ELF_MAKE_MACHINE;
	e->ehdr.e_version = EV_CURRENT;
	e->ehdr.e_ehsize = sizeof(e->ehdr);
	e->ehdr.e_shentsize = sizeof(Elf64_Shdr);
	e->n = 1;
	e->names_size = 1;
}

/* Complete the section table (last in the file, so that it can be found). */
static inline void elf_make__finish(struct elf_make *e)
{
	size_t i = elf_make__sect(e, ".shstrtab", SHT_STRTAB, 0, 0, NULL, sizeof(e->names));

	memcpy(e->data + (e->sects[i].sh_offset - sizeof(e->ehdr)), e->names, sizeof(e->names));
	e->ehdr.e_shstrndx = (Elf64_Half)i;
	e->ehdr.e_shnum = (Elf64_Half)e->n;
	e->ehdr.e_shoff = sizeof(e->ehdr) + e->size;
}

/* The file as a memfd, the caller's to close. */
static inline int elf_make__fd(const struct elf_make *e)
{
	int fd = memfd_create("elf_make", MFD_CLOEXEC);

	if (fd < 0 || write(fd, &e->ehdr, sizeof(e->ehdr)) != (ssize_t)sizeof(e->ehdr) ||
	    write(fd, e->data, e->size) != (ssize_t)e->size ||
	    write(fd, e->sects, e->n * sizeof(e->sects[0])) !=
		    (ssize_t)(e->n * sizeof(e->sects[0])))
		abort();
	return fd;
}

/* A symbol table under construction. */
struct elf_make_syms {
	Elf64_Sym syms[64];
	size_t n;
	char strs[2048];
	size_t strs_size;
};

static inline void elf_make__sym(struct elf_make_syms *t, const char *name, unsigned int bind,
				 unsigned int type, size_t shndx, uint64_t value, uint64_t size)
{
	if (!t->n)
		t->n = t->strs_size = 1; /* null symbol, empty string */
	t->syms[t->n++] = (Elf64_Sym){
		.st_name = (uint32_t)t->strs_size,
		.st_info = (unsigned char)ELF64_ST_INFO(bind, type),
		.st_shndx = (Elf64_Half)shndx,
		.st_value = value,
		.st_size = size,
	};
	strcpy(t->strs + t->strs_size, name);
	t->strs_size += strlen(name) + 1;
}

static inline void elf_make__symtab(struct elf_make *e, const char *name, uint32_t type,
				    const struct elf_make_syms *t)
{
	size_t strs = elf_make__sect(e, type == SHT_DYNSYM ? ".dynstr" : ".strtab", SHT_STRTAB, 0,
				     0, t->strs, t->strs_size);
	size_t syms = elf_make__sect(e, name, type, 0, 0, t->syms, t->n * sizeof(t->syms[0]));

	e->sects[syms].sh_link = (uint32_t)strs;
	e->sects[syms].sh_entsize = sizeof(Elf64_Sym);
	e->sects[syms].sh_info = 1;
}
#endif
