/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pattern - names as suppressions of LeakSanitizer and Valgrind describe them. */
#ifndef GATE_PATTERN_H
#define GATE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum pattern_style {
	PATTERN_LSAN,	 /* "*"; every other character is itself */
	PATTERN_VALGRIND /* "*", "?", and "\" before a character that is itself */
};

/* Does the pattern describe all of text? Time is at most in proportion to both lengths multiplied.
 */
bool pattern__matches(const char *pattern, const char *text, enum pattern_style style);
/*
 * LeakSanitizer looks for a pattern anywhere in a name, unless "^" ties it to the beginning or "$"
 * to the end (https://github.com/google/sanitizers/wiki/AddressSanitizerLeakSanitizer,
 * "Suppressions"): make it one for pattern__matches of n bytes. "$" ends the pattern, also in the
 * middle of it. Returns a malloc'ed string, NULL: no memory.
 */
char *pattern__from_lsan(const char *s, size_t n);
#endif
