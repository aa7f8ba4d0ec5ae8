/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sym/jitmap.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sym/overlay.h"

enum {
	BLOCK_SIZE = 128 << 10,
	SEAL_EVERY = 256 << 10, /* entries: bounds the memory that a seal needs */
};

/* Names lie back to back in blocks: there are millions of them. */
struct block {
	struct block *next;
	size_t used;
	alignas(struct jit_name) char bytes[BLOCK_SIZE];
};

struct jitmap {
	struct overlay ranges;
	struct block *blocks;
	size_t n_entries;
	char line[JITMAP_MAX_LINE]; /* the start of one whose newline has not come */
	size_t line_len;
};

struct jitmap *jitmap__new(void)
{
	return calloc(1, sizeof(struct jitmap));
}

void jitmap__forget(struct jitmap *m)
{
	for (struct block *b = m->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	m->blocks = NULL;
	overlay__clear(&m->ranges);
	m->n_entries = 0;
}

void jitmap__free(struct jitmap *m)
{
	if (m)
		jitmap__forget(m);
	free(m);
}

static const struct jit_name *add_name(struct jitmap *m, uint64_t start, const char *name,
				       size_t len)
{
	const size_t align = alignof(struct jit_name);
	size_t size = (sizeof(struct jit_name) + len + 1 + align - 1) / align * align;
	struct jit_name *added;

	if (!m->blocks || size > BLOCK_SIZE - m->blocks->used) {
		struct block *b = malloc(sizeof(*b)); /* not cleared: fits any line */

		if (!b)
			return NULL;
		b->next = m->blocks;
		b->used = 0;
		m->blocks = b;
	}
	added = (struct jit_name *)(m->blocks->bytes + m->blocks->used);
	m->blocks->used += size;
	added->start = start;
	memcpy(added->name, name, len);
	added->name[len] = '\0';
	return added;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A number and the blanks behind it. Java writes 0x before it, others do not. */
static bool take_hex(const char **at, const char *end, uint64_t *value)
{
	const char *p = *at, *digits;

	*value = 0;
	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	for (digits = p; p < end && hex_digit(*p) >= 0; p++) {
		if (*value >> 60)
			return false;
		*value = *value << 4 | (uint64_t)hex_digit(*p);
	}
	if (p == digits || p == end || (*p != ' ' && *p != '\t'))
		return false;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	*at = p;
	return true;
}

static int take_line(struct jitmap *m, const char *line, size_t len)
{
	const char *at = line, *end = line + (len < JITMAP_MAX_LINE ? len : JITMAP_MAX_LINE);
	const struct jit_name *name;
	uint64_t start, size;

	if (!take_hex(&at, end, &start) || !take_hex(&at, end, &size))
		return 0;
	len = strnlen(at, end - at);
	if (!len || !size || size > UINT64_MAX - start)
		return 0;
	if (m->n_entries == JITMAP_MAX_ENTRIES)
		return -E2BIG;
	name = add_name(m, start, at, len);
	if (!name)
		return -ENOMEM;
	m->n_entries++;
	if (m->ranges.n_added >= SEAL_EVERY && overlay__seal(&m->ranges))
		return -ENOMEM;
	return overlay__add(&m->ranges, start, start + size, name);
}

static void keep_start_of_line(struct jitmap *m, const char *text, size_t size)
{
	size_t room = JITMAP_MAX_LINE - m->line_len;

	if (size > room)
		size = room;
	memcpy(m->line + m->line_len, text, size);
	m->line_len += size;
}

int jitmap__feed(struct jitmap *m, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);
		int err;

		if (!newline || m->line_len)
			keep_start_of_line(m, text, (newline ? newline : end) - text);
		if (!newline)
			break;
		if (m->line_len)
			err = take_line(m, m->line, m->line_len);
		else
			err = take_line(m, text, newline - text);
		m->line_len = 0;
		if (err)
			return err;
		text = newline + 1;
	}
	return 0;
}

int jitmap__seal(struct jitmap *m)
{
	return overlay__seal(&m->ranges);
}

const struct jit_name *jitmap__find(const struct jitmap *m, uint64_t addr)
{
	return overlay__find(&m->ranges, addr);
}
