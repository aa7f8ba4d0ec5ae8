/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtables - does a C++ vtable begin at an address of another process? */
#ifndef REACH_VTABLES_H
#define REACH_VTABLES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct maps;
struct vtables;

/* maps is borrowed. NULL: no memory. */
struct vtables *vtables__new(pid_t pid, const struct maps *maps);
void vtables__free(struct vtables *v);
/*
 * Memcheck's rule (manual, 4.3, multipleinheritance): a table in a mapped file of pointers to
 * executable code of files, some of them null; two are enough. v is a struct vtables. What is
 * constant is read while the process runs; where it cannot be read there is none.
 */
bool vtables__is_one(uint64_t addr, void *v);
#endif
