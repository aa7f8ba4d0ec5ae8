/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symtab - the function symbol that covers an address.
 *
 * st_size is honoured: past the end of a function there is no symbol, not the one before. A symbol
 * of size 0 (assembly code) reaches to the next symbol, within its section.
 */
#ifndef SYM_SYMTAB_H
#define SYM_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;
struct symtab;

struct symtab_hit {
	const char *name; /* raw; borrowed from the image */
	uint64_t start;	  /* vaddr of the symbol */
	bool sized;	  /* false: size 0, the extent is a guess */
};

/*
 * Take the function symbols of n images that describe the same code: imgs[0] is what is loaded (its
 * sections count), the others its debug file and mini symbol table; NULL entries are skipped. All
 * must outlive the table. *out: freed by symtab__free. Returns 0 or -ENOMEM.
 */
int symtab__new(const struct elfimg *const *imgs, size_t n, struct symtab **out);
void symtab__free(struct symtab *t);
bool symtab__find(const struct symtab *t, uint64_t vaddr, struct symtab_hit *hit);
#endif
