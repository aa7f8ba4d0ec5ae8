/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contents - what is in an object, for people: strings, then hexadecimal and text side by side,
 * with words on pointers.
 */
#ifndef KERNEL_CONTENTS_H
#define KERNEL_CONTENTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONTENTS_SIGNATURE 96

/*
 * What objects have to have in common to count as alike, as a string: how they begin, but for
 * digits and for where pointers point to.
 */
void contents__signature(const uint8_t *data, size_t size, char out[CONTENTS_SIGNATURE]);

/* How it begins, in quotes if it is text, else in hexadecimal; fits a line. */
void contents__print_start(const uint8_t *data, size_t size, FILE *out);

/* Say in a few words what addr points to, into buf. Returns 0 when there is nothing to say. */
typedef int (*contents_pointer_fn)(uint64_t addr, char *buf, size_t size, void *arg);

/* A line for each of its strings, then 16 bytes a line. fn may be NULL. */
void contents__print(const uint8_t *data, size_t size, contents_pointer_fn fn, void *arg,
		     FILE *out);

/* Does this look like an address in the kernel's half? */
int contents__is_pointer(uint64_t word);
#endif
