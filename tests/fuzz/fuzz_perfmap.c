/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes jitmap, which reads the text of a perf map: cut anywhere it must say the same, and that is
 * what a second, slower reading of the lines says, the last one first.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sym/jitmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_LINES = 400,
};

struct line {
	uint64_t start, size;
	char name[JITMAP_MAX_LINE + 1];
};

static bool is_hex(const char *s, size_t n)
{
	return n && strspn(s, "0123456789abcdefABCDEF") == n;
}

/* A field up to a blank, and the blanks. */
static bool model_field(char **at, uint64_t *value)
{
	size_t n = strcspn(*at, " \t");
	char *s = *at;

	if (!s[n])
		return false;
	s[n] = '\0';
	*at = s + n + 1;
	*at += strspn(*at, " \t");
	if (is_hex(s, n))
		;
	else if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && is_hex(s + 2, n - 2))
		s += 2;
	else
		return false;
	errno = 0;
	*value = strtoull(s, NULL, 16);
	return !errno;
}

static bool model_line(struct line *l, const char *text, size_t len)
{
	char copy[JITMAP_MAX_LINE + 1], *at = copy;

	if (len > JITMAP_MAX_LINE)
		len = JITMAP_MAX_LINE;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!model_field(&at, &l->start) || !model_field(&at, &l->size) || !*at)
		return false;
	strcpy(l->name, at);
	return l->size && l->start + l->size > l->start;
}

static void compare(const struct jitmap *m, const struct line *lines, size_t n, uint64_t addr)
{
	const struct jit_name *found = jitmap__find(m, addr);

	while (n && (addr < lines[n - 1].start || addr - lines[n - 1].start >= lines[n - 1].size))
		n--;
	if (!n != !found)
		abort();
	if (found && (found->start != lines[n - 1].start || strcmp(found->name, lines[n - 1].name)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line lines[MAX_LINES];
	const char *text, *newline;
	struct jitmap *whole, *parts;
	size_t n = 0, part, end = 0;
	bool seal;

	if (size < 2)
		return 0;
	part = data[0] + 1;
	seal = data[1] & 1;
	text = (const char *)data + 2;
	size -= 2;

	for (size_t at = 0; at < size && n < MAX_LINES; at = end) {
		newline = memchr(text + at, '\n', size - at);
		if (!newline)
			break;
		n += model_line(&lines[n], text + at, newline - text - at);
		end = newline + 1 - text;
	}
	if (n == MAX_LINES)
		size = end;

	whole = jitmap__new();
	parts = jitmap__new();
	if (!whole || !parts || jitmap__feed(whole, text, size) || jitmap__seal(whole))
		abort();
	for (size_t at = 0; at < size; at += part) {
		if (jitmap__feed(parts, text + at, part < size - at ? part : size - at))
			abort();
		if (seal && jitmap__seal(parts))
			abort();
	}
	if (jitmap__seal(parts))
		abort();
	for (size_t i = 0; i < n; i++) {
		for (int d = -1; d <= 1; d++) {
			compare(whole, lines, n, lines[i].start + d);
			compare(parts, lines, n, lines[i].start + d);
			compare(whole, lines, n, lines[i].start + lines[i].size + d);
			compare(parts, lines, n, lines[i].start + lines[i].size + d);
		}
	}
	compare(whole, lines, n, 0);
	compare(whole, lines, n, UINT64_MAX);
	jitmap__free(whole);
	jitmap__free(parts);
	return 0;
}
