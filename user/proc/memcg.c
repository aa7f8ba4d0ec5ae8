/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/memcg.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proc/procfile.h"

#define MAX_LIMITS 2
#define MAX_MOUNTS 16 /* that are read; a hierarchy has one, and seldom more */

/* What the files are called. */
struct hierarchy {
	const char *fs_type;
	const char *limit[MAX_LIMITS], *taken, *cache;
};
static const struct hierarchy hierarchies[] = {
	{"cgroup2", {"memory.max", "memory.high"}, "memory.current", "inactive_file"},
	{"cgroup", {"memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file"},
};
#define N_HIERARCHIES (sizeof(hierarchies) / sizeof(*hierarchies))

struct walk {
	int root;
	struct procfile file; /* a cgroup's */
	struct memcg_room *out;
};

/* The absolute path, seen from root. */
static int read_file(struct procfile *file, int root, const char *path)
{
	return procfile__read(file, root, root == AT_FDCWD ? path : path + strspn(path, "/"));
}

static bool read_in(struct walk *w, const char *dir, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	return n > 0 && (size_t)n < sizeof(path) && !read_file(&w->file, w->root, path);
}

/* "max" is no number. */
static bool read_number(struct walk *w, const char *dir, const char *name, uint64_t *value)
{
	struct span text, line;

	if (!read_in(w, dir, name))
		return false;
	text = span__of(w->file.text, w->file.len);
	return span__line(&text, &line) && span__next_u64(&line, value);
}

/* A line of memory.stat; 0: there is none. */
static uint64_t read_stat(struct walk *w, const char *dir, const char *name)
{
	struct span text, line, word;
	uint64_t value;

	if (!read_in(w, dir, "memory.stat"))
		return 0;
	text = span__of(w->file.text, w->file.len);
	while (span__line(&text, &line))
		if (span__word(&line, &word) && span__is(word, name) &&
		    span__next_u64(&line, &value))
			return value;
	return 0;
}

static void name_cgroup(char to[MEMCG_NAME], const char *path)
{
	size_t len = strlen(path), i;

	if (len >= MEMCG_NAME) {
		path += len - (MEMCG_NAME - 1);
		len = MEMCG_NAME - 1;
	}
	for (i = 0; i < len; i++)
		to[i] = path[i] > ' ' && path[i] <= '~' ? path[i] : '?';
	to[i] = '\0';
}

/* dir: of the cgroup at path. */
static void look_at(struct walk *w, const struct hierarchy *h, const char *dir, const char *path)
{
	uint64_t taken, limit, cache, left;
	size_t i;

	if (!read_number(w, dir, h->taken, &taken)) /* the highest one of all has none */
		return;
	cache = read_stat(w, dir, h->cache);
	taken -= cache < taken ? cache : taken;
	for (i = 0; i < MAX_LIMITS && h->limit[i]; i++) {
		if (!read_number(w, dir, h->limit[i], &limit))
			continue;
		left = limit > taken ? limit - taken : 0;
		if (left >= w->out->bytes)
			continue;
		w->out->bytes = left;
		w->out->limit = limit;
		w->out->file = h->limit[i];
		name_cgroup(w->out->cgroup, path);
	}
}

/* Is the word in a list like "cpu,memory"? */
static bool has_word(struct span list, const char *word)
{
	while (list.at < list.end) {
		const char *comma = memchr(list.at, ',', span__len(list));
		struct span first = {list.at, comma ? comma : list.end};

		if (span__is(first, word))
			return true;
		list.at = comma ? comma + 1 : list.end;
	}
	return false;
}

/* cgroups(7), /proc/PID/cgroup: "4:memory:/path", "0::/path". False: we are in none. */
static bool find_own(struct procfile *file, int root, bool v2, char path[PATH_MAX])
{
	struct span text, line;

	if (read_file(file, root, "/proc/self/cgroup"))
		return false;
	text = span__of(file->text, file->len);
	while (span__line(&text, &line)) {
		const char *first = memchr(line.at, ':', span__len(line)), *second;
		struct span list;

		second = first ? memchr(first + 1, ':', (size_t)(line.end - first - 1)) : NULL;
		if (!second || second + 1 == line.end || second[1] != '/' ||
		    (size_t)(line.end - second) > PATH_MAX)
			continue;
		list = (struct span){first + 1, second};
		if (v2 ? span__len(list) != 0 : !has_word(list, "memory"))
			continue;
		span__copy((struct span){second + 1, line.end}, path, PATH_MAX);
		return true;
	}
	return false;
}

struct mount {
	struct span root, at, type, options;
};

/* proc_pid_mountinfo(5): id parent major:minor root path options [tags...] - type source options */
static bool read_mount(struct span line, struct mount *m)
{
	struct span word;
	int i;

	for (i = 0; i < 3; i++)
		if (!span__word(&line, &word))
			return false;
	if (!span__word(&line, &m->root) || !span__word(&line, &m->at))
		return false;
	while (span__word(&line, &word) && !span__is(word, "-"))
		;
	return span__word(&line, &m->type) && span__word(&line, &word) &&
	       span__word(&line, &m->options);
}

/* The rest of path below above, "" or with its slash; NULL: it is not below it. */
static const char *below(const char *path, const char *above)
{
	size_t len = strcmp(above, "/") != 0 ? strlen(above) : 0;

	if (strncmp(path, above, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return strcmp(path + len, "/") != 0 ? path + len : "";
}

/* own: the path of our cgroup. A mount may show a part of the hierarchy only. */
static void climb(struct walk *w, const struct hierarchy *h, const struct mount *m, const char *own)
{
	char shown[PATH_MAX], at[PATH_MAX], dir[2 * PATH_MAX];
	size_t stem, len;
	const char *rest;

	span__unescape(m->root, shown, sizeof(shown));
	span__unescape(m->at, at, sizeof(at));
	rest = below(own, shown);
	/* "/..": outside of what our cgroup namespace shows */
	if (at[0] != '/' || !rest || strstr(own, "/.."))
		return;
	stem = strlen(at);
	snprintf(dir, sizeof(dir), "%s%s", at, rest);
	for (len = strlen(dir);; len = (size_t)(strrchr(dir, '/') - dir)) {
		dir[len] = '\0';
		look_at(w, h, dir, len > stem ? dir + stem : "/");
		if (len <= stem)
			break;
	}
}

void memcg__room(int root, struct memcg_room *out)
{
	struct walk w = {.root = root, .out = out};
	struct procfile mounts = {0};
	struct span text, line;
	char own[PATH_MAX];
	struct mount m;
	int n = 0;
	size_t i;

	*out = (struct memcg_room){.bytes = UINT64_MAX, .limit = UINT64_MAX};
	if (!read_file(&mounts, root, "/proc/self/mountinfo")) {
		text = span__of(mounts.text, mounts.len);
		while (n < MAX_MOUNTS && span__line(&text, &line)) {
			if (!read_mount(line, &m))
				continue;
			for (i = 0; i < N_HIERARCHIES; i++) {
				bool v2 = i == 0;

				if (!span__is(m.type, hierarchies[i].fs_type) ||
				    (!v2 && !has_word(m.options, "memory")) ||
				    !find_own(&w.file, root, v2, own))
					continue;
				n++;
				climb(&w, &hierarchies[i], &m, own);
			}
		}
	}
	procfile__clear(&mounts);
	procfile__clear(&w.file);
}
