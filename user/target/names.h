/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names - look symbols up in the table of entry points. */
#ifndef TARGET_NAMES_H
#define TARGET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names;

/*
 * prefix: NULL, or what symbols have to start with. Then what follows may also be a C name
 * ("my_malloc" with prefix "my_" is an entry "malloc"). The string is borrowed.
 */
struct names *names__new(const char *prefix);
void names__free(struct names *names);
/* *entry: index into entry_points. */
bool names__find(const struct names *names, const char *symbol, size_t *entry);
/* Is it a name of the C library or the C++ run time: one that any object may define, where the
 * dynamic linker's order decides which definition is called? */
bool names__is_standard(size_t entry);
#endif
