/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dynamic - what the dynamic linker reads of an ELF file, from its program headers alone. */
#ifndef TARGET_DYNAMIC_H
#define TARGET_DYNAMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;

struct dynamic {
	char *interp;  /* PT_INTERP, or NULL */
	char *soname;  /* DT_SONAME, or NULL */
	char **needed; /* DT_NEEDED, in their order */
	size_t n_needed;
};

/* Fill dyn, freed by dynamic__clear. What is broken in the file is left out. 0 or -ENOMEM. */
int dynamic__read(const struct elfimg *img, struct dynamic *dyn);
void dynamic__clear(struct dynamic *dyn);
/* File offset of vaddr if code can be there: an executable PT_LOAD. */
bool dynamic__code_offset(const struct elfimg *img, uint64_t vaddr, uint64_t *offset);
#endif
