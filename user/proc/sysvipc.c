/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/sysvipc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "proc/procfile.h"

#define MAX_COLUMNS 32

enum column {
	KEY,
	SHMID,
	PERMS,
	SIZE,
	CPID,
	LPID,
	NATTCH,
	UID,
	CTIME,
	RSS,
	SWAP,
	N_COLUMNS, /* also: one that we do not know */
};

static const char *const headings[N_COLUMNS] = {"key",	  "shmid", "perms", "size", "cpid", "lpid",
						"nattch", "uid",   "ctime", "rss",  "swap"};

struct table {
	enum column columns[MAX_COLUMNS];
	size_t n_columns;
	bool known[N_COLUMNS];
};

static bool read_headings(struct span line, struct table *t)
{
	struct span word;
	int c;

	while (t->n_columns < MAX_COLUMNS && span__word(&line, &word)) {
		for (c = 0; c < N_COLUMNS; c++)
			if (span__is(word, headings[c]))
				break;
		t->columns[t->n_columns++] = c;
		if (c < N_COLUMNS)
			t->known[c] = true;
	}
	return t->known[KEY] && t->known[SHMID] && t->known[SIZE] && t->known[NATTCH];
}

static bool read_mode(struct span word, uint32_t *mode)
{
	*mode = 0;
	for (; word.at < word.end; word.at++) {
		if (*word.at < '0' || *word.at > '7' || *mode >> 29)
			return false;
		*mode = *mode << 3 | (uint32_t)(*word.at - '0');
	}
	return true;
}

static bool read_segment(struct span line, const struct table *t, struct shm_segment *seg)
{
	int64_t value[N_COLUMNS] = {0};
	struct span word;
	int64_t ignored;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		enum column c = t->columns[i];

		if (!span__word(&line, &word))
			return false;
		if (c == PERMS ? !read_mode(word, &seg->mode)
			       : !span__i64(word, c < N_COLUMNS ? &value[c] : &ignored) &&
					 c < N_COLUMNS)
			return false;
		/* Only the key, an int, may be negative: in hexadecimal it is what people know. */
		if (c < N_COLUMNS && c != KEY && value[c] < 0)
			return false;
	}
	if (value[KEY] < INT32_MIN || value[KEY] > UINT32_MAX || value[CPID] > INT32_MAX ||
	    value[LPID] > INT32_MAX || value[UID] > UINT32_MAX)
		return false;
	seg->key = (uint32_t)value[KEY];
	seg->shmid = (uint64_t)value[SHMID];
	seg->size = (uint64_t)value[SIZE];
	seg->creator = (pid_t)value[CPID];
	seg->last = (pid_t)value[LPID];
	seg->attached = (uint64_t)value[NATTCH];
	seg->uid = (uid_t)value[UID];
	seg->changed = (uint64_t)value[CTIME];
	seg->rss = (uint64_t)value[RSS];
	seg->swap = (uint64_t)value[SWAP];
	seg->has_rss = t->known[RSS];
	return true;
}

int shm_segments__parse(const char *text, size_t len, struct shm_segments *segments, size_t *bad)
{
	struct span rest = span__of(text, len), line;
	struct table t = {0};
	size_t room = 0, skipped = 0;

	*segments = (struct shm_segments){0};
	if (!span__line(&rest, &line) || !read_headings(line, &t))
		return -EINVAL;
	while (span__line(&rest, &line)) {
		struct shm_segment seg = {0};

		if (!read_segment(line, &t, &seg)) {
			skipped++;
			continue;
		}
		if (segments->n == room) {
			struct shm_segment *grown;

			room = room ? room * 2 : 16;
			grown = reallocarray(segments->seg, room, sizeof(*grown));
			if (!grown) {
				shm_segments__clear(segments);
				return -ENOMEM;
			}
			segments->seg = grown;
		}
		segments->seg[segments->n++] = seg;
	}
	if (bad)
		*bad = skipped;
	return 0;
}

int shm_segments__read(struct shm_segments *segments)
{
	struct procfile file = {0};
	int err;

	*segments = (struct shm_segments){0};
	err = procfile__read(&file, AT_FDCWD, "/proc/sysvipc/shm");
	if (!err)
		err = shm_segments__parse(file.text, file.len, segments, NULL);
	procfile__clear(&file);
	return err;
}

void shm_segments__clear(struct shm_segments *segments)
{
	free(segments->seg);
	*segments = (struct shm_segments){0};
}

const struct shm_segment *shm_segments__find(const struct shm_segments *segments, uint64_t shmid)
{
	size_t i;

	for (i = 0; i < segments->n; i++)
		if (segments->seg[i].shmid == shmid)
			return &segments->seg[i];
	return NULL;
}
