/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kallsyms - the kernel's symbols, those of its modules and of BPF programs among them. */
#ifndef KERNEL_KALLSYMS_H
#define KERNEL_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kallsyms;

/* Borrowed from the table. */
struct ksym {
	const char *name;
	const char *module;  /* NULL: the kernel itself */
	uint64_t start, end; /* end: of the next symbol; UINT64_MAX: it is the last one */
	bool is_text;
};

/*
 * Read the format of /proc/kallsyms. Returns 0; -EPERM: all addresses in it are 0, they are kept
 * from us; -ENODATA: no symbols; or other negative errno.
 */
int kallsyms__read(FILE *in, struct kallsyms **out);
void kallsyms__free(struct kallsyms *k);
/* The symbol that addr is in or behind. Of several at one address the first, as the kernel does. */
bool kallsyms__find(const struct kallsyms *k, uint64_t addr, struct ksym *sym);
/* The next symbol of that name, in order of addresses, from *at on (0: from the first). */
bool kallsyms__next(const struct kallsyms *k, const char *name, size_t *at, struct ksym *sym);
/* Symbols by number, in order of addresses. */
size_t kallsyms__count(const struct kallsyms *k);
void kallsyms__at(const struct kallsyms *k, size_t i, struct ksym *sym);
/* A symbol's address, 0: there is none of that name. */
uint64_t kallsyms__address(const struct kallsyms *k, const char *name);
/* In words why kallsyms__read has failed, and what to do. Static. */
const char *kallsyms__problem(int err);
#endif
