/* SPDX-License-Identifier: GPL-2.0-or-later */
/* code_make - images of code written down in tests. */
#ifndef CODE_MAKE_H
#define CODE_MAKE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "elf/elfimg.h"

#define CODE_AT 0x1000 /* vaddr of the code's first byte */

/*
 * A program of this machine, of nothing but a segment with this code, which ends with its last
 * byte. Freed by elfimg__free; NULL: a check failed.
 */
static inline struct elfimg *code_make(uint16_t machine, const void *code, size_t size)
{
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr;
	} head = {
		.ehdr = {.e_type = ET_DYN,
			 .e_machine = machine,
			 .e_version = EV_CURRENT,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_ehsize = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1},
		.phdr = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_offset = sizeof(head),
			 .p_vaddr = CODE_AT,
			 .p_filesz = size,
			 .p_memsz = size,
			 .p_align = 1},
	};
	struct elfimg *img = NULL;
	int fd = memfd_create("code", MFD_CLOEXEC);

	memcpy(head.ehdr.e_ident, ELFMAG, SELFMAG);
	head.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	head.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	head.ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	CHECK_EQ(write(fd, &head, sizeof(head)), sizeof(head));
	CHECK_EQ(write(fd, code, size), size);
	CHECK_EQ(elfimg__open_any_machine(fd, "code", &img), 0);
	close(fd);
	return img;
}
#endif
