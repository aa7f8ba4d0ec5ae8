/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbolizer - names, source lines and inlined calls for an address in an image.
 *
 * Works on elfimg alone: no process, no root. Debug information is looked for in
 * the image, by build-id and .gnu_debuglink below the debug roots, and in
 * .gnu_debugdata. Results are cached per (image, address).
 */
#ifndef SYMBOLIZER_H
#define SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;
struct symbolizer;

struct sym_frame {
	const char *function; /* demangled; NULL: no symbol covers the address */
	uint64_t offset;      /* of the address from the function's start; 0 for inlined frames */
	const char *file;     /* source file's base name; NULL: unknown */
	const char *path;     /* source file as the debug information has it; NULL: unknown */
	int line;	      /* 0: unknown */
	bool inlined;	      /* this frame was inlined into the next one */
};

struct symbolizer_opts {
	bool demangle;
	bool debuginfod;       /* ask debuginfod servers (network); default false */
	const char *debug_dir; /* further root like /usr/lib/debug; may be NULL */
};

struct symbolizer *symbolizer__new(const struct symbolizer_opts *opts); /* NULL: no memory */
void symbolizer__free(struct symbolizer *s);

/*
 * Resolve one address. img must outlive the symbolizer; vaddr is an ELF virtual address of
 * img (NOT a file offset) inside the instruction of interest: for a return address the
 * caller passes ra - 1 and gets offsets from the function's start for ra - 1.
 * frames: set to an array, innermost inlined call first, last one the real
 * function; *n >= 1. Both stay valid until symbolizer__free.
 * Returns 0, or negative errno (no memory).
 */
int symbolizer__resolve(struct symbolizer *s, struct elfimg *img, uint64_t vaddr,
			const struct sym_frame **frames, size_t *n);
#endif
