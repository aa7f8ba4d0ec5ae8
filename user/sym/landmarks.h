/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landmarks - what lies at an address of a process, for people who meet it in a pointer: a function
 * or a variable, a stack, a mapping.
 *
 * Names come from the symbol tables of the files that are mapped, which are opened when an address
 * in them is asked for. What has no symbol is told by its file or mapping.
 */
#ifndef SYM_LANDMARKS_H
#define SYM_LANDMARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct elfimg;
struct landmarks;
struct maps;

struct landmark {
	const char *symbol; /* demangled; NULL: none covers it */
	bool is_function;
	uint64_t start;	    /* of the symbol, in the process; else of the mapping */
	const char *image;  /* base name of the file, or "[heap]", "[stack]", "[anon]" */
	struct elfimg *elf; /* of the file; NULL: none, or it cannot be read */
	uint64_t vaddr;	    /* ELF virtual address of start in elf; 0 without a symbol */
};

/* maps is borrowed, and of pid. NULL: no memory. */
struct landmarks *landmarks__new(pid_t pid, const struct maps *maps);
void landmarks__free(struct landmarks *l);
/* False: nothing is mapped there. Strings live as long as l. */
bool landmarks__find(struct landmarks *l, uint64_t addr, struct landmark *out);
/* "load+0x41", "cache", "libx.so+0x1234", "[stack]+0x20": into buf. False: nothing is there. */
bool landmarks__name(struct landmarks *l, uint64_t addr, char *buf, size_t size);
#endif
