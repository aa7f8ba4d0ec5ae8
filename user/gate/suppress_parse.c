/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers of suppression files. LeakSanitizer's format:
 * https://github.com/google/sanitizers/wiki/AddressSanitizerLeakSanitizer, "Suppressions";
 * Valgrind's: its manual, 2.5 "Suppressing errors", and 4.4 "Writing suppression files".
 */
#include "gate/suppress_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/pattern.h"
#include "sym/demangle.h"

#define MAX_SIZE (16 << 20)
#define MAX_PLACES 1000 /* of an entry; Valgrind takes 24 */

struct lines {
	const char *at, *end;
	const char *line; /* of size bytes, without blanks around them */
	size_t size;
	int number;
	struct suppress_error *error;
};

__attribute__((format(printf, 2, 3))) static int fail(struct lines *l, const char *fmt, ...)
{
	va_list args;

	l->error->line = l->number;
	va_start(args, fmt);
	vsnprintf(l->error->text, sizeof(l->error->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next line that is neither empty nor a comment. */
static bool next(struct lines *l)
{
	const char *end;

	while (l->at < l->end) {
		end = memchr(l->at, '\n', l->end - l->at);
		end = end ? end : l->end;
		l->line = l->at;
		l->at = end < l->end ? end + 1 : end;
		l->number++;
		while (l->line < end && is_blank(*l->line))
			l->line++;
		while (end > l->line && is_blank(end[-1]))
			end--;
		l->size = end - l->line;
		if (l->size && *l->line != '#')
			return true;
	}
	return false;
}

static bool is(const struct lines *l, const char *s)
{
	return l->size == strlen(s) && !memcmp(l->line, s, l->size);
}

/* What stands behind a word that the line begins with; NULL: it does not. */
static const char *behind(const struct lines *l, const char *word)
{
	size_t n = strlen(word);

	return l->size >= n && !memcmp(l->line, word, n) ? l->line + n : NULL;
}

static struct suppression *add(struct suppressions *s, const struct lines *l)
{
	struct suppression *grown, *entry;

	/* a power of two: full */
	if (!(s->n & (s->n - 1))) {
		grown = reallocarray(s->entries, s->n ? 2 * s->n : 1, sizeof(*grown));
		if (!grown)
			return NULL;
		s->entries = grown;
	}
	entry = &s->entries[s->n];
	*entry = (struct suppression){
		.text = strndup(l->line, l->size),
		.file = s->files[s->n_files - 1],
		.line = l->number,
		.kinds = ALL_KINDS,
	};
	if (!entry->text)
		return NULL;
	s->n++;
	return entry;
}

/* pattern is taken over. */
static int add_place(struct suppression *entry, enum place_kind kind, char *pattern, int line)
{
	struct place *grown;

	if (kind != PLACE_FRAMES && !pattern)
		return -ENOMEM;
	if (!(entry->n & (entry->n - 1))) {
		grown = reallocarray(entry->places, entry->n ? 2 * entry->n : 1, sizeof(*grown));
		if (!grown) {
			free(pattern);
			return -ENOMEM;
		}
		entry->places = grown;
	}
	entry->places[entry->n++] = (struct place){kind, pattern, line, NULL};
	return 0;
}

static int parse_lsan(struct suppressions *s, struct lines *l, const char *pattern)
{
	size_t n = l->line + l->size - pattern;
	struct suppression *entry;
	int err;

	if (!n)
		return fail(l, "leak: without a pattern; leak:* is everything");
	entry = add(s, l);
	if (!entry)
		return -ENOMEM;
	entry->is_lsan = true;
	err = add_place(entry, PLACE_ANY, pattern__from_lsan(pattern, n), 0);
	if (err || *pattern == '^' || memchr(pattern, '*', n) || memchr(pattern, '$', n))
		return err;
	entry->places[0].literal = strndup(pattern, n);
	return entry->places[0].literal ? 0 : -ENOMEM;
}

/* --- Valgrind --- */

/*
 * Names of C++ are mangled there, and ours are not. One without wildcards is translated. Others
 * stay as they are: they match names of which the program has no readable form.
 */
static char *function_pattern(const char *s, size_t n)
{
	char *raw = strndup(s, n), *readable, *to, *pattern;
	size_t i;

	if (!raw || strpbrk(raw, "*?\\"))
		return raw;
	readable = demangle__name(raw);
	if (!readable)
		return raw;
	free(raw);
	n = strlen(readable);
	pattern = calloc(2, n + 1);
	for (to = pattern, i = 0; to && i < n; i++) {
		if (strchr("*?\\", readable[i])) /* pointers, operator* */
			*to++ = '\\';
		*to++ = readable[i];
	}
	free(readable);
	return pattern;
}

/* "file.c" or "file.c:31" */
static int add_source(struct lines *l, struct suppression *entry, const char *s, size_t n)
{
	const char *colon = memrchr(s, ':', n);
	char *end, *file, digits[12] = "";
	unsigned long line = 0;

	if (colon) {
		snprintf(digits, sizeof(digits), "%.*s", (int)(s + n - colon - 1), colon + 1);
		line = strtoul(digits, &end, 10);
		if (*digits < '0' || *digits > '9' || *end || !line || line > INT_MAX ||
		    (size_t)(end - digits) != (size_t)(s + n - colon - 1))
			return fail(l, "expected src:FILE or src:FILE:LINE");
		n = colon - s;
	}
	file = strndup(s, n);
	return add_place(entry, PLACE_SOURCE, file, (int)line);
}

static int parse_place(struct lines *l, struct suppression *entry)
{
	const char *s, *end = l->line + l->size;

	if (entry->n == MAX_PLACES)
		return fail(l, "more than %d frames", MAX_PLACES);
	if (is(l, "..."))
		return add_place(entry, PLACE_FRAMES, NULL, 0);
	s = behind(l, "fun:");
	if (s && s < end)
		return add_place(entry, PLACE_FUNCTION, function_pattern(s, end - s), 0);
	s = behind(l, "obj:");
	if (s && s < end)
		return add_place(entry, PLACE_OBJECT, strndup(s, end - s), 0);
	s = behind(l, "src:");
	if (s && s < end)
		return add_source(l, entry, s, end - s);
	return fail(l, "expected fun:NAME, obj:NAME, src:FILE, ... or }");
}

/* "definite,possible", with blanks or not; all, none. */
static int parse_kinds(struct lines *l, struct suppression *entry, const char *s)
{
	static const struct {
		const char *name;
		unsigned int kinds;
	} words[] = {
		{"definite", 1U << REACH_DEFINITE},
		{"indirect", 1U << REACH_INDIRECT},
		{"possible", 1U << REACH_POSSIBLE},
		{"reachable", 1U << REACH_REACHABLE},
		{"all", ALL_KINDS},
		{"none", 0},
	};
	const size_t n_words = sizeof(words) / sizeof(*words);
	const char *end = l->line + l->size, *word;
	size_t i;

	entry->kinds = 0;
	for (;;) {
		while (s < end && (is_blank(*s) || *s == ','))
			s++;
		if (s == end)
			return 0;
		word = s;
		while (s < end && !is_blank(*s) && *s != ',')
			s++;
		for (i = 0; i < n_words; i++)
			if (strlen(words[i].name) == (size_t)(s - word) &&
			    !memcmp(words[i].name, word, s - word))
				break;
		if (i == n_words)
			return fail(l, "match-leak-kinds: expected definite, indirect, possible, "
				       "reachable, all or none");
		entry->kinds |= words[i].kinds;
	}
}

/* "Memcheck,Other:Leak" */
static bool is_for_leaks(const struct lines *l)
{
	static const char memcheck[] = "Memcheck";
	const size_t n = sizeof(memcheck) - 1;
	const char *colon = memchr(l->line, ':', l->size), *s = l->line, *comma;

	if (!colon || l->line + l->size - colon != 5 || memcmp(colon, ":Leak", 5) != 0)
		return false;
	for (; s < colon; s = comma + 1) {
		comma = memchr(s, ',', colon - s);
		comma = comma ? comma : colon;
		if ((size_t)(comma - s) == n && !memcmp(s, memcheck, n))
			return true;
	}
	return false;
}

static int skip_entry(struct suppressions *s, struct lines *l, int begin)
{
	s->skipped++;
	while (!is(l, "}")) {
		if (next(l))
			continue;
		l->number = begin;
		return fail(l, "this { is not closed");
	}
	return 0;
}

/* Behind "{". */
static int parse_valgrind(struct suppressions *s, struct lines *l)
{
	struct suppression *entry;
	struct lines name;
	int begin = l->number, err = 0;
	const char *kinds;

	if (!next(l))
		return fail(l, "this { is not closed");
	if (is(l, "}"))
		return fail(l, "an entry without a name and a kind");
	name = *l;
	if (!next(l) || is(l, "}"))
		return fail(l, "an entry without a kind, such as Memcheck:Leak");
	if (!is_for_leaks(l))
		return skip_entry(s, l, begin);
	name.number = begin;
	entry = add(s, &name);
	if (!entry)
		return -ENOMEM;
	while (!err) {
		if (!next(l)) {
			l->number = begin;
			return fail(l, "this { is not closed");
		}
		if (is(l, "}"))
			break;
		kinds = entry->n ? NULL : behind(l, "match-leak-kinds:");
		err = kinds ? parse_kinds(l, entry, kinds) : parse_place(l, entry);
	}
	if (!err && !entry->n)
		err = fail(l, "an entry without frames; ... is any stack");
	return err;
}

/* --- files --- */

int suppressions__parse(struct suppressions *s, const char *name, const char *text, size_t size,
			struct suppress_error *error)
{
	struct lines l = {.at = text, .end = text + size, .error = error};
	char **files = reallocarray(s->files, s->n_files + 1, sizeof(*files));
	const char *pattern;
	int err = 0;

	if (!files)
		return -ENOMEM;
	s->files = files;
	files[s->n_files] = strdup(name);
	if (!files[s->n_files])
		return -ENOMEM;
	s->n_files++;
	if (memchr(text, '\0', size))
		return fail(&l, "it is no text");
	while (!err && next(&l)) {
		pattern = behind(&l, "leak:");
		if (pattern)
			err = parse_lsan(s, &l, pattern);
		else if (is(&l, "{"))
			err = parse_valgrind(s, &l);
		else
			err = fail(&l, "expected leak:PATTERN, or an entry of Valgrind in { and }");
	}
	return err;
}

int suppressions__read(struct suppressions *s, const char *path, struct suppress_error *error)
{
	char *text = NULL;
	size_t size = 0, max = 0;
	ssize_t n = 1;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (!err && n) {
		if (size == max) {
			char *grown = realloc(text, max + 65536);

			if (!grown) {
				err = -ENOMEM;
				break;
			}
			text = grown;
			max += 65536;
		}
		n = read(fd, text + size, max - size);
		if (n < 0 && errno != EINTR)
			err = -errno;
		size += n > 0 ? n : 0;
		if (size > MAX_SIZE)
			err = -EFBIG;
		if (n < 0 && !err)
			n = 1;
	}
	if (!err)
		err = suppressions__parse(s, path, text, size, error);
	free(text);
	close(fd);
	return err;
}
