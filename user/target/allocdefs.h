/* SPDX-License-Identifier: GPL-2.0-or-later */
/* allocdefs - what the symbols of one ELF file say about allocation. */
#ifndef TARGET_ALLOCDEFS_H
#define TARGET_ALLOCDEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;
struct names;

struct allocdef {
	size_t entry;	 /* index into entry_points */
	uint64_t offset; /* of its code in the file */
	bool exported;	 /* in .dynsym: other objects may call it */
};

struct allocdefs {
	struct allocdef *def; /* no two with the same entry and offset */
	size_t n;
	bool imports_malloc; /* or another C function that allocates */
	bool defines_malloc;
	bool defines_local_malloc, defines_local_free; /* not exported */
	bool is_interp; /* set by the caller: the program's dynamic linker */
	/* Symbols that tell implementations apart. */
	bool has_jemalloc, has_tcmalloc, has_mimalloc, has_glibc, has_musl;
};

/* Fill defs, freed by allocdefs__clear. use_symtab: look into .symtab as well. 0 or -ENOMEM. */
int allocdefs__scan(struct allocdefs *defs, const struct elfimg *img, const struct names *names,
		    bool use_symtab);
void allocdefs__clear(struct allocdefs *defs);
/* Is it an allocator that never calls libc's? */
bool allocdefs__is_replacement(const struct allocdefs *defs);
/* "glibc malloc", "musl malloc", "jemalloc", "tcmalloc", "mimalloc" or "malloc". */
const char *allocdefs__kind(const struct allocdefs *defs);
#endif
