/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procfile - files of /proc as text, and the words and numbers in it. Nothing is copied: a span is
 * a piece of the text that was read, which may hold any bytes.
 */
#ifndef PROC_PROCFILE_H
#define PROC_PROCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More is no file of /proc that we read: -EFBIG. */
#define PROCFILE_MAX (256u << 20)

/* All zero is empty. The memory is kept from one read to the next. */
struct procfile {
	char *text; /* with a NUL behind it, once something was read */
	size_t len, room;
};

/* The whole file, in as few reads as it takes. path may be absolute, or relative to dirfd. Returns
 * 0 or negative errno; the text is then empty. */
int procfile__read(struct procfile *f, int dirfd, const char *path);
void procfile__clear(struct procfile *f);

struct span {
	const char *at, *end;
};

static inline struct span span__of(const char *text, size_t len)
{
	/* NULL is no text: nothing may be added to it, not even 0 */
	return (struct span){text, len ? text + len : text};
}
static inline size_t span__len(struct span s)
{
	return (size_t)(s.end - s.at);
}
bool span__is(struct span s, const char *string);
bool span__equal(struct span a, struct span b);
bool span__starts(struct span s, const char *prefix);
/* Cut the next line, without its newline, off the text. False: there is none. */
bool span__line(struct span *text, struct span *line);
/* Cut the next word, ended by blanks, off the line. False: there is none. */
bool span__word(struct span *line, struct span *word);
/* Decimal digits and nothing else. False: not a number, or above UINT64_MAX. */
bool span__u64(struct span word, uint64_t *value);
/* The next word, as a number. */
bool span__next_u64(struct span *line, uint64_t *value);
/* The same, with an optional sign. */
bool span__i64(struct span word, int64_t *value);
/* As a string, cut where it does not fit. Returns to. */
char *span__copy(struct span s, char *to, size_t room);
/* The same of a path in mountinfo or maps, where \040 is a blank (mangle_path in fs/seq_file.c). */
char *span__unescape(struct span s, char *to, size_t room);
#endif
