/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * allocators - which of a target's objects allocate, and where to put probes.
 *
 * Decided by symbols, never by file names:
 * - Names that any object may define (malloc and its like, operator new and delete) are resolved
 *   one by one as the dynamic linker does: the first object of the global scope that exports the
 *   name (see scope.h) is the one that is called, and the only one probed. So a preloaded
 *   allocator or wrapper hides libc's. Where a wrapper leaves out calloc, libc's is probed; what
 *   jemalloc, tcmalloc or mimalloc leave out is not, as it calls back into them.
 * - Beside those, what an executable defines without exporting it: all of it if it is static, else
 *   malloc only together with free.
 * - Objects outside the global scope (dlopen) are probed wherever they define anything. An object
 *   wrongly taken for one (a process that overwrote its environment hides its LD_PRELOAD) is
 *   harmless: of nested calls, only the outermost counts.
 * - Names of one allocator (mallocx, mi_*, tc_*, je_*) are probed in every object that has them.
 * - Operator new and delete are left out of objects that import malloc but do not define it:
 *   there, they pass through.
 * - Of libraries only .dynsym counts, of executables .symtab as well. Indirect functions (their
 *   symbol is the resolver) and addresses without code are left out; of several names with one
 *   address, the first in the table of entry points is taken.
 */
#ifndef TARGET_ALLOCATORS_H
#define TARGET_ALLOCATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addrspace;
struct image;

/* One function to probe. */
struct probe_site {
	size_t entry;	 /* index into entry_points */
	uint64_t offset; /* file offset of the function's first instruction */
};

/* An object to probe. */
struct allocator {
	const struct image *image;
	const char *kind; /* "glibc malloc", "musl malloc", "jemalloc", "tcmalloc", "mimalloc" or
			     "malloc" */
	struct probe_site *sites; /* unique by offset */
	size_t n_sites;
};

struct allocators {
	struct allocator *list;
	size_t n;
	size_t n_stripped; /* static executables without symbols: can't be probed by name */
};

struct allocators_opts {
	/* -O: all that this object defines, in .symtab too. A path, a base name, a soname, or NAME
	 * of libNAME.so; NULL: decide by symbols, as above. */
	const char *object;
	/* -S: only symbols that start with this, e.g. "je_", in all objects and their .symtab. What
	 * follows may be a name of the C library ("my_malloc"). NULL: none. */
	const char *prefix;
	/* --offset: "malloc=0x1234,free=0x5678": ELF addresses (as nm prints them) in object or in
	 * the executable; then nothing else is probed. NULL: none. */
	const char *offsets;
};

/*
 * Look through the images that are mapped, and fill out (freed by allocators__clear). list is in
 * the order of the global scope. opts may be NULL.
 * Returns 0 (out->n may be 0), -EINVAL for a bad opts->offsets, or negative errno.
 */
int allocators__find(const struct addrspace *as, const struct allocators_opts *opts,
		     struct allocators *out);
void allocators__clear(struct allocators *a);
#endif
