/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "glob.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* The characters that one place of the pattern allows. */
struct set {
	bool has[256];
};

/*
 * The class at the "[" that s[0] is. Returns the bytes it takes, or 0: it has no end. Like the
 * kernel's: the first character may be "]", a "-" before the end stands for itself, and a range
 * from a higher character to a lower one is empty.
 */
static size_t class(const char *s, size_t n, struct set *set)
{
	size_t i = 1;
	bool inverted = i < n && s[i] == '!';
	uint8_t lo, hi;

	memset(set, 0, sizeof(*set));
	i += inverted;
	do {
		if (i >= n)
			return 0;
		lo = hi = s[i++];
		if (i + 1 < n && s[i] == '-' && s[i + 1] != ']') {
			hi = s[i + 1];
			i += 2;
		}
		for (unsigned int c = lo; c <= hi; c++)
			set->has[c] = true;
	} while (i >= n || s[i] != ']');
	for (unsigned int c = 1; inverted && c < 256; c++)
		set->has[c] = !set->has[c];
	return i + 1;
}

/* One character of the pattern: what it allows. Returns the bytes it takes. */
static size_t character(const char *s, size_t n, bool literal, struct set *set)
{
	size_t taken;

	if (!literal && s[0] == '?') {
		memset(set->has, true, sizeof(set->has));
		return 1;
	}
	if (!literal && s[0] == '[') {
		taken = class(s, n, set);
		if (taken)
			return taken;
	}
	taken = !literal && s[0] == '\\' && n > 1 ? 2 : 1;
	memset(set, 0, sizeof(*set));
	set->has[(uint8_t)s[taken - 1]] = true;
	return taken;
}

int glob__compile(const char *pattern, size_t n, bool literal, struct filter_text *text)
{
	unsigned int state = 0;
	struct set set;

	memset(text, 0, sizeof(*text));
	for (size_t i = 0; i < n;) {
		if (!literal && pattern[i] == '*') {
			text->stay |= 1ULL << state;
			i++;
			continue;
		}
		if (state == GLOB_MAX)
			return -E2BIG;
		i += character(pattern + i, n - i, literal, &set);
		for (unsigned int c = 1; c < 256; c++)
			text->accept[c] |= (uint64_t)set.has[c] << state;
		state++;
	}
	text->last = 1ULL << state;
	return state;
}
