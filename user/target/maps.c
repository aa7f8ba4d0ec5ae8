/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A process has at most vm.max_map_count mappings, 65,530 unless an administrator raised it;
 * this is room for some two million lines.
 */
#define MAX_TEXT (256UL << 20)

struct cursor {
	const char *at, *end;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The kernel writes lower case digits, no sign, no prefix: whatever else is refused. */
static bool take_number(struct cursor *c, unsigned int base, uint64_t *value)
{
	const char *start = c->at;
	uint64_t v = 0;

	for (; c->at < c->end; c->at++) {
		int d = digit_value(*c->at);

		if (d < 0 || (unsigned int)d >= base)
			break;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*value = v;
	return c->at > start;
}

static bool take_char(struct cursor *c, char wanted)
{
	if (c->at >= c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static bool take_flag(struct cursor *c, char set, char unset, bool *flag)
{
	if (c->at >= c->end || (*c->at != set && *c->at != unset))
		return false;
	*flag = *c->at++ == set;
	return true;
}

/*
 * seq_path() escapes the newline and nothing else, not even the backslash (fs/proc/task_mmu.c
 * get_vma_name): a path that really holds the four characters \012 cannot be told apart.
 */
static size_t unescape(char *path, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		if (len - from >= 4 && !memcmp(path + from, "\\012", 4)) {
			path[to++] = '\n';
			from += 4;
		} else {
			path[to++] = path[from++];
		}
	}
	path[to] = '\0';
	return to;
}

int maps__parse_line(const char *line, size_t len, struct mapping *m)
{
	static const char deleted[] = " (deleted)";
	const size_t deleted_len = sizeof(deleted) - 1;
	struct cursor c = {line, line + len};
	uint64_t major, minor, last;
	size_t n;

	memset(m, 0, sizeof(*m));
	if (memchr(line, '\0', len))
		return 0;
	if (!take_number(&c, 16, &m->start) || !take_char(&c, '-') ||
	    !take_number(&c, 16, &m->end) || !take_char(&c, ' ') ||
	    !take_flag(&c, 'r', '-', &m->read) || !take_flag(&c, 'w', '-', &m->write) ||
	    !take_flag(&c, 'x', '-', &m->exec) || !take_flag(&c, 's', 'p', &m->shared) ||
	    !take_char(&c, ' ') || !take_number(&c, 16, &m->offset) || !take_char(&c, ' ') ||
	    !take_number(&c, 16, &major) || !take_char(&c, ':') || !take_number(&c, 16, &minor) ||
	    !take_char(&c, ' ') || !take_number(&c, 10, &m->inode))
		return 0;
	/* Later sums of an address or offset and a length must not wrap. */
	if (m->start >= m->end || major > UINT32_MAX || minor > UINT32_MAX ||
	    __builtin_add_overflow(m->offset, m->end - m->start, &last))
		return 0;
	if (c.at < c.end && *c.at != ' ')
		return 0;
	m->dev_major = major;
	m->dev_minor = minor;
	while (c.at < c.end && *c.at == ' ')
		c.at++;

	n = c.end - c.at;
	m->path = malloc(n + 1);
	if (!m->path)
		return -ENOMEM;
	memcpy(m->path, c.at, n);
	n = unescape(m->path, n);
	if (m->inode && n > deleted_len && !strcmp(m->path + n - deleted_len, deleted)) {
		m->path[n - deleted_len] = '\0';
		m->deleted = true;
	}
	return 1;
}

static int by_start(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int maps__parse(const char *text, size_t size, struct maps *maps, size_t *bad)
{
	const char *end = text + size;
	size_t room = 0, n_bad = 0;
	bool sorted = true;
	int err = 0;

	memset(maps, 0, sizeof(*maps));
	while (text < end) {
		const char *eol = memchr(text, '\n', end - text);
		size_t len = (eol ? eol : end) - text;
		struct mapping m;

		err = maps__parse_line(text, len, &m);
		if (err < 0)
			goto cleanup;
		if (!err) {
			n_bad++;
		} else {
			if (maps->n == room) {
				size_t more = room ? room * 2 : 64;
				void *grown = reallocarray(maps->map, more, sizeof(*maps->map));

				if (!grown) {
					free(m.path);
					err = -ENOMEM;
					goto cleanup;
				}
				maps->map = grown;
				room = more;
			}
			if (maps->n && maps->map[maps->n - 1].start > m.start)
				sorted = false;
			maps->map[maps->n++] = m;
		}
		text += len + 1;
	}
	/*
	 * The kernel's lines are sorted; but it writes them page by page, and a mapping moved
	 * between two pages could show twice.
	 */
	if (!sorted)
		qsort(maps->map, maps->n, sizeof(*maps->map), by_start);
	err = 0;
cleanup:
	if (err)
		maps__clear(maps);
	if (bad)
		*bad = n_bad;
	return err;
}

int maps__read(pid_t pid, struct maps *maps)
{
	size_t size = 0, room = 1 << 16;
	char path[64], *text = NULL;
	int fd = -1, err = 0;

	memset(maps, 0, sizeof(*maps));
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = errno == ENOENT ? -ESRCH : -errno;
		goto cleanup;
	}
	text = malloc(room);
	if (!text) {
		err = -ENOMEM;
		goto cleanup;
	}
	for (;;) {
		ssize_t got;

		if (size == room) {
			char *grown = room < MAX_TEXT ? realloc(text, room * 2) : NULL;

			if (!grown) {
				err = room < MAX_TEXT ? -ENOMEM : -EFBIG;
				goto cleanup;
			}
			text = grown;
			room *= 2;
		}
		got = read(fd, text + size, room - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err = -errno;
			goto cleanup;
		}
		if (!got)
			break;
		size += got;
	}
	err = maps__parse(text, size, maps, NULL);
cleanup:
	free(text);
	if (fd >= 0)
		close(fd);
	return err;
}

void maps__clear(struct maps *maps)
{
	if (!maps)
		return;
	for (size_t i = 0; i < maps->n; i++)
		free(maps->map[i].path);
	free(maps->map);
	memset(maps, 0, sizeof(*maps));
}

const struct mapping *maps__find(const struct maps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->n;

	/* The last mapping that starts at or before addr. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (maps->map[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < maps->map[low - 1].end ? &maps->map[low - 1] : NULL;
}
