/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dwarf - source lines, functions and inlined calls from DWARF. */
#ifndef SYM_DWARF_H
#define SYM_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Dwarf;
struct debugfile_opts;
struct dwarf_info;
struct elfimg;

enum {
	DWARF_MAX_FRAMES = 64, /* inlined calls deeper than that lose their outermost ones */
};

/* All strings are borrowed from the dwarf_info. */
struct dwarf_frame {
	const char *name; /* mangled where it has a linkage name; NULL: unknown */
	const char *path; /* NULL: unknown */
	const char *dir;  /* that a relative path begins at; NULL: unknown */
	int line;	  /* 0: unknown */
	bool inlined;
};

/*
 * img: the image that has the DWARF, code: the one that is loaded (may be the same). Both must
 * outlive *out. Returns 0; -ENOENT no usable DWARF; -ENOMEM.
 */
int dwarf_info__new(struct elfimg *img, const struct elfimg *code,
		    const struct debugfile_opts *opts, struct dwarf_info **out);
/*
 * The same of DWARF that libdwfl has, and keeps, of code between two addresses: struct Dwarf of
 * libdw. It must outlive *out.
 */
int dwarf_info__of(struct Dwarf *dw, uint64_t code_start, uint64_t code_end,
		   struct dwarf_info **out);
void dwarf_info__free(struct dwarf_info *d);
/* For who includes <elfutils/libdw.h>; d's. */
struct Dwarf *dwarf_info__dwarf(const struct dwarf_info *d);

/*
 * Frames at vaddr, innermost first, the real function last. *n is 0 when no unit covers the
 * address. *start: where the real function starts, 0 when it is not known.
 * Returns 0 or -ENOMEM.
 */
int dwarf_info__lookup(struct dwarf_info *d, uint64_t vaddr,
		       struct dwarf_frame frames[DWARF_MAX_FRAMES], size_t *n, uint64_t *start);
#endif
