/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/slabinfo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/procfile.h"

#define MAX_CACHES (1u << 20)
#define RECLAIMABLE "=reclaimable"

enum {
	ACTIVE,
	OBJECTS,
	SIZE,
	PER_SLAB,
	SLAB_PAGES,
	N_FIGURES
};

/* The last word of the line, cut off it. */
static bool last_word(struct span *line, struct span *word)
{
	while (line->end > line->at && line->end[-1] == ' ')
		line->end--;
	word->end = line->end;
	while (line->end > line->at && line->end[-1] != ' ')
		line->end--;
	word->at = line->end;
	return word->at < word->end;
}

/* "<active_slabs> <num_slabs> <sharedavail>" behind ": slabdata" */
static bool read_slabs(struct span rest, uint64_t *slabs)
{
	struct span word;

	while (span__word(&rest, &word))
		if (span__is(word, "slabdata"))
			return span__word(&rest, &word) && span__next_u64(&rest, slabs);
	return false;
}

/* Names may hold blanks, so the figures are taken from behind. */
static bool read_cache(struct span line, struct slabinfo_cache *c)
{
	uint64_t v[N_FIGURES], slabs;
	struct span rest, word;
	const char *colon;
	int i;

	colon = memmem(line.at, span__len(line), " : ", 3);
	if (!colon)
		return false;
	rest = (struct span){colon + 3, line.end};
	line.end = colon;
	for (i = N_FIGURES; i--;)
		if (!last_word(&line, &word) || !span__u64(word, &v[i]))
			return false;
	while (line.end > line.at && line.end[-1] == ' ')
		line.end--;
	if (line.at == line.end || memchr(line.at, 0, span__len(line)))
		return false;
	/* Version 1, and a kernel that leaves the last part out: as many as hold the objects. */
	if (!read_slabs(rest, &slabs))
		slabs = v[PER_SLAB] ? (v[OBJECTS] + v[PER_SLAB] - 1) / v[PER_SLAB] : 0;
	span__copy(line, c->name, sizeof(c->name));
	c->active = v[ACTIVE];
	c->objects = v[OBJECTS];
	c->size = v[SIZE];
	return !__builtin_mul_overflow(slabs, v[SLAB_PAGES], &c->pages);
}

static int compare(const void *pa, const void *pb)
{
	const struct slabinfo_cache *a = pa, *b = pb;

	return strcmp(a->name, b->name);
}

static void join_equal(struct slabinfo *s)
{
	size_t i, n = 0;

	if (s->n)
		qsort(s->caches, s->n, sizeof(*s->caches), compare);
	for (i = 0; i < s->n; i++) {
		struct slabinfo_cache *to = &s->caches[n - (n ? 1 : 0)];

		if (!n || strcmp(to->name, s->caches[i].name) != 0) {
			s->caches[n++] = s->caches[i];
			continue;
		}
		to->active += s->caches[i].active;
		to->objects += s->caches[i].objects;
		to->pages += s->caches[i].pages;
	}
	s->n = n;
}

int slabinfo__parse(const char *text, size_t len, struct slabinfo *s, size_t *bad)
{
	struct span rest = span__of(text, len), line;
	size_t room = 0, skipped = 0;

	*s = (struct slabinfo){0};
	if (!span__line(&rest, &line) || !span__starts(line, "slabinfo - version: "))
		return -EINVAL;
	while (span__line(&rest, &line) && s->n < MAX_CACHES) {
		if (!span__len(line) || *line.at == '#')
			continue;
		if (s->n == room) {
			struct slabinfo_cache *grown;

			room = room ? room * 2 : 256;
			grown = reallocarray(s->caches, room, sizeof(*grown));
			if (!grown) {
				slabinfo__clear(s);
				return -ENOMEM;
			}
			s->caches = grown;
		}
		if (read_cache(line, &s->caches[s->n]))
			s->n++;
		else
			skipped++;
	}
	join_equal(s);
	if (bad)
		*bad = skipped;
	return 0;
}

void slabinfo__clear(struct slabinfo *s)
{
	free(s->caches);
	*s = (struct slabinfo){0};
}

const struct slabinfo_cache *slabinfo__find(const struct slabinfo *s, const char *name)
{
	struct slabinfo_cache key = {0};

	if (!s->n || strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	return bsearch(&key, s->caches, s->n, sizeof(key), compare);
}

static void put_word(FILE *out, const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s <= ' ' || *s == 0x7f ? '?' : *s, out);
}

static bool can_shrink(int directory, const char *name)
{
	char path[NAME_MAX + sizeof("/reclaim_account")], value = '0';
	int fd;

	snprintf(path, sizeof(path), "%s/reclaim_account", name);
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &value, 1) != 1)
		value = '0';
	close(fd);
	return value == '1';
}

int slabinfo__links(const char *directory, char **text, size_t *len)
{
	struct dirent *entry;
	DIR *dir = opendir(directory);
	FILE *out;

	*text = NULL;
	*len = 0;
	if (!dir)
		return -errno;
	out = open_memstream(text, len);
	while (out && (entry = readdir(dir))) {
		char target[PATH_MAX];
		ssize_t n;

		if (*entry->d_name == '.')
			continue;
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n <= 0 && !can_shrink(dirfd(dir), entry->d_name))
			continue;
		if (n <= 0)
			n = stpcpy(target, RECLAIMABLE) - target;
		target[n] = '\0';
		put_word(out, entry->d_name);
		fputc(' ', out);
		put_word(out, target);
		fputc('\n', out);
	}
	closedir(dir);
	if (out && !fclose(out))
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}

static bool find_target(struct span rest, struct span name, struct span *target)
{
	struct span line, word;

	while (span__line(&rest, &line))
		if (span__word(&line, &word) && span__equal(word, name))
			return span__word(&line, target);
	return false;
}

size_t slabinfo__aliases(const char *links, size_t len, const char *name, char *to, size_t room)
{
	struct span rest = span__of(links, len), line, word, wanted, target;
	size_t n = 0, used = 0;

	*to = '\0';
	if (!find_target(rest, span__of(name, strlen(name)), &wanted) ||
	    span__is(wanted, RECLAIMABLE))
		return 0;
	while (span__line(&rest, &line)) {
		size_t length;

		if (!span__word(&line, &word) || span__is(word, name) ||
		    !span__word(&line, &target) || !span__equal(target, wanted))
			continue;
		length = span__len(word);
		if (used + length + 3 < room) {
			if (used)
				memcpy(to + used, ", ", 2), used += 2;
			span__copy(word, to + used, room - used);
			used += length;
		}
		n++;
	}
	return n;
}

int slabinfo__is_reclaimable(const char *links, size_t len, const char *name)
{
	struct span all = span__of(links, len), at = span__of(name, strlen(name)), target;

	if (!len)
		return -ENOENT;
	if (!find_target(all, at, &target))
		return false;
	if (span__is(target, RECLAIMABLE))
		return true;
	return find_target(all, target, &target) && span__is(target, RECLAIMABLE);
}
