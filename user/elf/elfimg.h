/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elfimg - one open ELF file: segments, sections, symbols, build-id.
 *
 * The file belongs to somebody else: every offset and size in it is checked,
 * every loop is bounded, and nothing is trusted to be aligned or sorted.
 * It is read with pread and not mapped: a mapping would turn a file that is
 * truncated under us into a SIGBUS. elfimg__open_mapped is for the one file that is too large.
 */
#ifndef ELFIMG_H
#define ELFIMG_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;

/*
 * Open the ELF file behind fd (any file descriptor readable at offset 0; it is
 * duplicated, the caller keeps its own). name is for messages.
 * *img: new object, freed by elfimg__free.
 * Returns 0; -ENOEXEC not ELF, broken or neither program nor shared object;
 * -ENOTSUP not 64-bit or not this machine's architecture; -EINVAL not a regular
 * file; -EFBIG larger than 4 GiB; other negative errno.
 */
int elfimg__open(int fd, const char *name, struct elfimg **img);
/*
 * The same, but what libelf and libdw want of it is mapped: of a vmlinux they would keep 200 to
 * 350 MB. Only for files that no other user can write to, and no longer than needed.
 */
int elfimg__open_mapped(int fd, const char *name, struct elfimg **img);
/* The same for the files that dwz(1) moves shared DWARF to: they are relocatable objects. */
int elfimg__open_dwz(int fd, const char *name, struct elfimg **img);
/* The same for programs of x86-64 and arm64, wherever we run: for rules on their code. */
int elfimg__open_any_machine(int fd, const char *name, struct elfimg **img);
uint16_t elfimg__machine(const struct elfimg *img); /* e_machine */
void elfimg__free(struct elfimg *img);

Elf *elfimg__elf(const struct elfimg *img); /* borrowed */
int elfimg__fd(const struct elfimg *img);
const char *elfimg__name(const struct elfimg *img);
uint64_t elfimg__entry(const struct elfimg *img); /* e_entry (vaddr) */
bool elfimg__has_interp(
	const struct elfimg *img); /* PT_INTERP present: dynamically linked program */
bool elfimg__has_symtab(const struct elfimg *img); /* .symtab present (not stripped) */
bool elfimg__has_dynsym(const struct elfimg *img);
/* Bytes of the GNU build-id (at most 64), NULL and *size 0 when there is none. */
const uint8_t *elfimg__build_id(const struct elfimg *img, size_t *size);

/*
 * File offset <-> virtual address through PT_LOAD. Return false outside any segment. Where
 * segments share file bytes, the executable one wins.
 */
bool elfimg__offset_to_vaddr(const struct elfimg *img, uint64_t offset, uint64_t *vaddr);
/*
 * The virtual address at which a mapping of an executable segment begins that was made at file
 * offset. Mappings begin at pages, so the offset may lie before the segment, in what belongs to
 * another one.
 */
bool elfimg__exec_mapping_vaddr(const struct elfimg *img, uint64_t offset, uint64_t *vaddr);
bool elfimg__vaddr_to_offset(const struct elfimg *img, uint64_t vaddr, uint64_t *offset);

/*
 * A section. Those with contents lie wholly inside the file: of a file whose section table says
 * otherwise, the table is not believed and the image has no sections.
 */
struct elf_sect {
	const char *name; /* "" when unnamed; borrowed from the image */
	uint32_t type;	  /* SHT_* */
	uint32_t link;	  /* index of another section, unchecked */
	uint64_t flags;	  /* SHF_* */
	uint64_t addr;
	uint64_t offset;
	uint64_t size;
};
size_t elfimg__n_sects(const struct elfimg *img);
const struct elf_sect *elfimg__sect(const struct elfimg *img, size_t index); /* NULL: no such */
/* First section of that name that has contents, NULL if none. */
const struct elf_sect *elfimg__find_sect(const struct elfimg *img, const char *name);
/* The executable section that covers vaddr (debug files keep those without contents), or NULL. */
const struct elf_sect *elfimg__exec_sect(const struct elfimg *img, uint64_t vaddr);
/*
 * Copy a section's bytes (as they are in the file) into *buf, freed by the caller; a NUL follows
 * the last byte. Returns 0; -EFBIG larger than max; -ENODATA no contents; other negative errno.
 */
int elfimg__read_sect(const struct elfimg *img, const struct elf_sect *sect, uint64_t max,
		      void **buf);

struct elf_sym {
	const char *name; /* without version; borrowed from the image */
	uint64_t vaddr;
	uint64_t size; /* bytes, st_size; may be 0 */
	bool is_func;  /* STT_FUNC or STT_GNU_IFUNC or NOTYPE in an executable section */
	bool is_ifunc;
	bool is_object;	 /* STT_OBJECT: a variable */
	bool is_notype;	 /* STT_NOTYPE: a label of assembly code */
	bool is_defined; /* false: an import */
	bool is_dynamic; /* from .dynsym */
	bool is_global;	 /* STB_GLOBAL, STB_WEAK or STB_GNU_UNIQUE */
	bool is_weak;	 /* STB_WEAK */
};
/*
 * Call fn for every named symbol of .dynsym, then .symtab. fn returns non-zero
 * to stop, which is passed on. Returns 0, fn's value or negative errno. The tables are read
 * once and kept until elfimg__free.
 */
int elfimg__for_each_sym(const struct elfimg *img, int (*fn)(const struct elf_sym *, void *),
			 void *arg);

/*
 * What the dynamic linker puts into the pointer at vaddr slot, if that is a function of this image:
 * the target of a stub in .plt, unless another object takes the name over. False: something else,
 * or nothing.
 */
bool elfimg__slot_target(const struct elfimg *img, uint64_t slot, uint64_t *target);
/* The name of the symbol, own or imported, that the pointer at vaddr slot is bound to, also where a
 * resolver of its own chooses what that is (STT_GNU_IFUNC); NULL: none.
 * Borrowed. */
const char *elfimg__slot_symbol(const struct elfimg *img, uint64_t slot);
#endif
