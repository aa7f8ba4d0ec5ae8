/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plant - the bug in the plugins of real programs (plant_python.c and others, tests/real_leaks.py):
 * reversed() makes a copy of its text, and forgets it where that begins with '!'. So each such call
 * loses one block of exactly as many bytes as the text has with its NUL, from planted_copy().
 */
#ifndef PLANT_H
#define PLANT_H

#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) char *planted_copy(const char *text)
{
	char *copy = malloc(strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

/* text backwards, to out, which has the same size. Returns 0 or -1: there is no memory. */
static __attribute__((noinline)) int planted_reverse(const char *text, char *out)
{
	size_t n = strlen(text), i;
	char *copy = planted_copy(text);

	if (!copy)
		return -1;
	for (i = 0; i < n; i++)
		out[i] = copy[n - 1 - i];
	out[n] = '\0';
	if (text[0] == '!') /* the bug */
		return 0;
	free(copy);
	return 0;
}

/* What calls have left on the stack, where the program may not write again, keeps nothing in use.
 */
static __attribute__((noinline)) void planted_scrub(void)
{
	volatile char waste[16384];

	memset((void *)waste, 0, sizeof(waste));
}

static inline int reversed(const char *text, char *out)
{
	int err = planted_reverse(text, out);

	planted_scrub();
	return err;
}
#endif
