/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/sources.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"
#include "report/strtab.h"
#include "source/asuser.h"

#define MAX_SITES 200	   /* as many as pages show with their frames */
#define MAX_FILES 64	   /* looked for */
#define MAX_SIZE (4 << 20) /* bytes of a file */
#define AROUND 3	   /* lines before and after */
#define MAX_LINE 200	   /* bytes, what is longer is cut */

struct file {
	char *text; /* NULL: it cannot be read */
	size_t size;
};

struct sources {
	struct asuser *target;
	struct strtab paths;
	struct file files[MAX_FILES]; /* by number of the path */
};

struct sources *sources__new(pid_t pid)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	strtab__init(&s->paths);
	s->target = asuser__new(pid);
	if (s->target)
		return s;
	sources__free(s);
	return NULL;
}

void sources__free(struct sources *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < MAX_FILES; i++)
		free(s->files[i].text);
	strtab__clear(&s->paths);
	asuser__free(s->target);
	free(s);
}

/* Read the whole; a file that has grown meanwhile is cut. */
static void read_file(int fd, struct file *f)
{
	char *text = malloc(MAX_SIZE), *fits;
	size_t size = 0;
	ssize_t n = 1;

	while (text && n > 0 && size < MAX_SIZE) {
		n = read(fd, text + size, MAX_SIZE - size);
		size += n > 0 ? (size_t)n : 0;
	}
	if (!text || n < 0 || !size) {
		free(text);
		return;
	}
	fits = realloc(text, size);
	f->text = fits ? fits : text;
	f->size = size;
}

static const struct file *find_file(struct sources *s, const char *path)
{
	size_t n = s->paths.n;
	uint32_t i;
	int fd;

	if (n == MAX_FILES) /* it may be one of those that are known */
		for (i = 0; i < n; i++)
			if (!strcmp(s->paths.text[i], path))
				return &s->files[i];
	if (n == MAX_FILES)
		return NULL;
	i = strtab__add(&s->paths, path, strlen(path));
	if (i == STRTAB_NONE)
		return NULL;
	if (i == n) {
		fd = asuser__open(s->target, path);
		if (fd >= 0) {
			read_file(fd, &s->files[i]);
			close(fd);
		}
	}
	return &s->files[i];
}

/* What is behind line number n, counted from 1; NULL: there are fewer. */
static const char *find_line(const struct file *f, uint64_t n)
{
	const char *at = f->text, *end = at + f->size;

	while (--n && at) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return at && at < end ? at : NULL;
}

/* Lines from first to last, those that are there; each ends with a newline. */
static char *copy_lines(const struct file *f, uint64_t first, uint64_t last)
{
	const char *at = find_line(f, first), *end = f->text + f->size;
	char *text = malloc((last - first + 1) * (MAX_LINE + 1) + 1), *to = text;

	for (; text && at && at < end && first <= last; first++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);
		size_t kept = strnlen(at, n < MAX_LINE ? n : MAX_LINE);

		memcpy(to, at, kept);
		to += kept;
		*to++ = '\n';
		at += n + 1;
	}
	if (text)
		*to = '\0';
	return text;
}

static bool add_frame(struct sources *s, struct report_site *site, size_t i)
{
	const struct report_frame *frame = &site->frames[i];
	uint64_t line = frame->line > 0 ? (uint64_t)frame->line : 0;
	const struct file *f;

	if (!line || !frame->path || *frame->path != '/')
		return false;
	f = find_file(s, frame->path);
	if (!f || !f->text || !find_line(f, line))
		return false;
	site->source_first = line > AROUND ? line - AROUND : 1;
	site->source = copy_lines(f, site->source_first, line + AROUND);
	site->source_frame = i;
	return site->source;
}

void sources__add(struct sources *s, struct report *r)
{
	size_t i, j;

	for (i = 0; i < r->n_sites && i < MAX_SITES; i++)
		for (j = 0; j < r->sites[i].n_frames && !r->sites[i].source; j++)
			if (add_frame(s, &r->sites[i], j))
				break;
}
