/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * classes - of which C++ class is an object that begins with that pointer?
 *
 * By its run-time type information, which is in stripped programs, too (Itanium C++ ABI, 2.5.2 and
 * 2.9.5): in front of what a vtable pointer points to are the offset of the base in the object and
 * the address of a std::type_info, whose second word is the address of the class's mangled name.
 */
#ifndef CONTENTS_CLASSES_H
#define CONTENTS_CLASSES_H

#include <stdint.h>
#include <sys/types.h>

struct classes;
struct maps;

/* maps is borrowed, and of pid. NULL: no memory. */
struct classes *classes__new(pid_t pid, const struct maps *maps);
void classes__free(struct classes *c);
/*
 * The name of the class whose vtable pointer that is; NULL: it is none, or of a program without
 * such information. Tables are constant: they are read while the process runs. The name lives as
 * long as c. It is the target's: not escaped.
 */
const char *classes__name(struct classes *c, uint64_t vtable);
#endif
