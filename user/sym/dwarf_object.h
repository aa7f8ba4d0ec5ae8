/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dwarf_object - DWARF of a relocatable object, which kernel modules are: its sections have no
 * addresses yet, and what refers to them waits to be filled in. libdwfl puts them one behind the
 * other and fills it in; addresses here are those.
 */
#ifndef SYM_DWARF_OBJECT_H
#define SYM_DWARF_OBJECT_H

#include <stddef.h>
#include <stdint.h>

struct dwarf_info;
struct dwarf_object;

/* The object behind fd, which stays the caller's. Returns 0; -ENOENT no usable DWARF; -ENOMEM. */
int dwarf_object__new(int fd, const char *name, struct dwarf_object **out);
void dwarf_object__free(struct dwarf_object *o);

struct dwarf_section {
	const char *name; /* borrowed */
	uint64_t start, size;
};
/* Sections with code, by number. NULL: no more. */
const struct dwarf_section *dwarf_object__section(const struct dwarf_object *o, size_t i);
struct dwarf_info *dwarf_object__info(const struct dwarf_object *o); /* borrowed */
#endif
