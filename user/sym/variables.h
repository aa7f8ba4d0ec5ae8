/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * variables - where variables are declared: those that DWARF gives an address (DWARF 5, 2.6 and
 * 4.1), also static ones of functions and of classes.
 */
#ifndef SYM_VARIABLES_H
#define SYM_VARIABLES_H

#include <stdbool.h>
#include <stdint.h>

struct debugfile_opts;
struct elfimg;
struct variables;

struct variable {
	const char *file; /* as the compiler was given it, or absolute */
	int line;
};

/*
 * Those of an image, from its own debug information or from where that has been put. img has to
 * outlive *out. Returns 0; -ENOENT: there is none; -ENOMEM.
 */
int variables__new(struct elfimg *img, const struct debugfile_opts *opts, struct variables **out);
void variables__free(struct variables *v);
/* The one that begins at the ELF virtual address vaddr. Its strings are v's. False: there is none.
 */
bool variables__find(const struct variables *v, uint64_t vaddr, struct variable *out);
#endif
