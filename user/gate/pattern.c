/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/pattern.h"

#include <stdlib.h>
#include <string.h>

/* The length of the first item of a pattern, which is not "*"; *c is its character. */
static size_t item(const char *p, enum pattern_style style, char *c, bool *any)
{
	bool escaped = style == PATTERN_VALGRIND && p[0] == '\\' && p[1];

	*c = p[escaped];
	*any = style == PATTERN_VALGRIND && p[0] == '?';
	return 1 + escaped;
}

bool pattern__matches(const char *pattern, const char *text, enum pattern_style style)
{
	/* behind the last "*", and where in text what follows it is being tried */
	const char *p = pattern, *s = text, *star = NULL, *tried = NULL;
	bool any;
	size_t n;
	char c;

	while (*s) {
		if (*p == '*') {
			star = ++p;
			tried = s;
			if (!*star)
				return true;
			continue;
		}
		n = item(p, style, &c, &any);
		if (*p && (any || c == *s)) {
			p += n;
			s++;
		} else if (star) { /* an earlier "*" need not be tried again */
			p = star;
			s = ++tried;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

char *pattern__from_lsan(const char *s, size_t n)
{
	const char *end = memchr(s, '$', n);
	bool tied = n && *s == '^';
	char *pattern = malloc(n + 3), *to = pattern;

	if (!pattern)
		return NULL;
	if (tied)
		s++, n--;
	else
		*to++ = '*';
	if (end)
		n = end - s;
	memcpy(to, s, n);
	to += n;
	if (!end)
		*to++ = '*';
	*to = '\0';
	return pattern;
}
