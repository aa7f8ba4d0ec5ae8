/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contents - what is in an object or a block, for people: strings, then hexadecimal and text side
 * by side, with words on pointers.
 */
#ifndef CONTENTS_CONTENTS_H
#define CONTENTS_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONTENTS_SIGNATURE 96

/* What a word of it may be besides a number. */
struct contents_pointers {
	/* Does it look like an address of the memory that it was read from? */
	bool (*is_one)(uint64_t word, void *arg);
	/*
	 * Say in a few words what addr points to, into buf. False: there is nothing to say. May be
	 * NULL.
	 */
	bool (*describe)(uint64_t addr, char *buf, size_t size, void *arg);
	void *arg;
};

/* An is_one: an address in the kernel's half. */
bool contents__is_kernel_pointer(uint64_t word, void *unused);

/*
 * What objects have to have in common to count as alike, as a string: how they begin, but for
 * digits and for where pointers point to.
 */
void contents__signature(const uint8_t *data, size_t size, const struct contents_pointers *pointers,
			 char out[CONTENTS_SIGNATURE]);

/* How it begins, in quotes if it is text, else in hexadecimal; fits a line. */
void contents__print_start(const uint8_t *data, size_t size,
			   const struct contents_pointers *pointers, FILE *out);

/* A line for each of its strings, then 16 bytes a line. */
void contents__print(const uint8_t *data, size_t size, const struct contents_pointers *pointers,
		     FILE *out);
#endif
