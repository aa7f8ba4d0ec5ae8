/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addrspace - which image an address of the target belongs to, also after the
 * target has unmapped it or has ended.
 *
 * Images are opened when they are first seen, through /proc/PID/map_files (which
 * reaches deleted files and other mount namespaces) or /proc/PID/root, and stay open.
 */
#ifndef TARGET_ADDRSPACE_H
#define TARGET_ADDRSPACE_H

#include "target/maps.h"

struct elfimg;
struct addrspace;

/* A mapped ELF file, unique by (device, inode). Owned by its addrspace. */
struct image {
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	char *path;	  /* as the target sees it, without " (deleted)" */
	const char *name; /* base name of path */
	/* By which we, or the kernel, reach the file as long as this image lives: /proc/self/fd/N,
	 * or /proc/PID/map_files when we could not open it. Not for display. */
	char *open_path;
	int fd;		    /* open for reading, or -1 */
	struct elfimg *elf; /* NULL: not ELF, not readable: see error */
	int error;	    /* negative errno why elf is NULL, else 0 */
	bool is_exe;	    /* the same file as /proc/PID/exe, at the last refresh */
	bool mapped;	    /* was mapped executable at the last refresh */
	bool deleted;
};

struct addrspace *addrspace__new(pid_t pid); /* NULL: no memory; reads nothing yet */
void addrspace__free(struct addrspace *as);
/*
 * Read the maps again: new images are opened, new ranges override old ones where
 * they overlap, ranges that are gone stay known until something else is mapped there.
 * Only executable file mappings become images. Returns the number of new images, or negative errno
 * (-ESRCH: the target has ended; what is known stays).
 */
int addrspace__refresh(struct addrspace *as);
/* After execve: forget all ranges (images stay). */
void addrspace__reset(struct addrspace *as);

struct place {
	const struct image *image; /* NULL: not in a file */
	uint64_t vaddr;		   /* ELF virtual address in image (0 when image->elf is NULL) */
	uint64_t offset;	   /* file offset in image */
	const char *label; /* for addresses without an image: "[vdso]", "[anon]", "[stack]"... */
};
/* Resolve addr. Returns false when addr is in no known executable mapping. */
bool addrspace__find(const struct addrspace *as, uint64_t addr, struct place *place);
/* Executable range number i, from the lowest address on: also those that were unmapped and not
 * replaced. */
struct exec_range {
	uint64_t start, end;
	const struct image *image; /* NULL: label says what it is */
	uint64_t vaddr;		   /* ELF virtual address of start in image */
	const char *label;
};
bool addrspace__range(const struct addrspace *as, size_t i, struct exec_range *out);
/* All images, in order of first sight. */
const struct image *const *addrspace__images(const struct addrspace *as, size_t *n);
pid_t addrspace__pid(const struct addrspace *as);
#endif
