/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dwarf_index - from an address to its compilation unit and function.
 *
 * .debug_aranges is not relied on: clang does not write it. The units' own ranges are read once;
 * the functions of a unit when an address in it is first asked for.
 */
#ifndef SYM_DWARF_INDEX_H
#define SYM_DWARF_INDEX_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_index;

/* Code lies in [code_start, code_end): ranges elsewhere belong to functions the linker dropped. */
int dwarf_index__new(Dwarf *dw, uint64_t code_start, uint64_t code_end, struct dwarf_index **out);
void dwarf_index__free(struct dwarf_index *x);

/* The unit that covers pc. Returns 1 and *cu, or 0: none. */
int dwarf_index__cu(struct dwarf_index *x, uint64_t pc, Dwarf_Die *cu);
/*
 * The function whose code covers pc and where that piece of code starts. Returns 1 found, 0 none,
 * -ENOMEM.
 */
int dwarf_index__function(struct dwarf_index *x, uint64_t pc, Dwarf_Die *fn, uint64_t *piece);
#endif
