/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ROOM 4096

static int make_room(struct procfile *f)
{
	size_t room = f->room ? f->room * 2 : FIRST_ROOM;
	char *grown;

	if (f->room >= PROCFILE_MAX)
		return -EFBIG;
	grown = realloc(f->text, room);
	if (!grown)
		return -ENOMEM;
	f->text = grown;
	f->room = room;
	return 0;
}

int procfile__read(struct procfile *f, int dirfd, const char *path)
{
	int fd, err = 0;
	ssize_t got = 1;

	f->len = 0;
	if (f->text)
		*f->text = '\0';
	/* O_NONBLOCK: saved copies are read with this, too, and one may be a fifo. */
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (got > 0 && !err) {
		if (f->room - f->len < 2) {
			err = make_room(f);
			continue;
		}
		got = read(fd, f->text + f->len, f->room - f->len - 1);
		if (got > 0)
			f->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			err = -errno;
	}
	close(fd);
	if (err)
		f->len = 0;
	if (f->text)
		f->text[f->len] = '\0';
	return err;
}

void procfile__clear(struct procfile *f)
{
	free(f->text);
	*f = (struct procfile){0};
}

bool span__is(struct span s, const char *string)
{
	size_t len = strlen(string);

	return span__len(s) == len && !memcmp(s.at, string, len);
}

bool span__equal(struct span a, struct span b)
{
	return span__len(a) == span__len(b) && !memcmp(a.at, b.at, span__len(a));
}

bool span__starts(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return span__len(s) >= len && !memcmp(s.at, prefix, len);
}

bool span__line(struct span *text, struct span *line)
{
	const char *newline;

	if (text->at == text->end)
		return false;
	newline = memchr(text->at, '\n', span__len(*text));
	line->at = text->at;
	line->end = newline ? newline : text->end;
	text->at = newline ? newline + 1 : text->end;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool span__word(struct span *line, struct span *word)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
	word->at = line->at;
	while (line->at < line->end && !is_blank(*line->at))
		line->at++;
	word->end = line->at;
	return word->at < word->end;
}

bool span__u64(struct span word, uint64_t *value)
{
	uint64_t v = 0;
	const char *c;

	for (c = word.at; c < word.end; c++) {
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*c - '0'), &v))
			return false;
	}
	*value = v;
	return word.at < word.end;
}

bool span__next_u64(struct span *line, uint64_t *value)
{
	struct span word;

	return span__word(line, &word) && span__u64(word, value);
}

bool span__i64(struct span word, int64_t *value)
{
	bool negative = word.at < word.end && *word.at == '-';
	uint64_t v;

	if (negative)
		word.at++;
	if (!span__u64(word, &v) || v > (uint64_t)INT64_MAX)
		return false;
	*value = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

char *span__copy(struct span s, char *to, size_t room)
{
	size_t len = span__len(s);

	if (len >= room)
		len = room - 1;
	memcpy(to, s.at, len);
	to[len] = '\0';
	return to;
}

char *span__unescape(struct span s, char *to, size_t room)
{
	size_t n = 0;

	while (s.at < s.end && n + 1 < room) {
		const char *c = s.at;

		if (span__len(s) >= 4 && c[0] == '\\' && c[1] >= '0' && c[1] <= '3' &&
		    c[2] >= '0' && c[2] <= '7' && c[3] >= '0' && c[3] <= '7') {
			to[n++] = (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
			s.at += 4;
		} else {
			to[n++] = *s.at++;
		}
	}
	to[n] = '\0';
	return to;
}
