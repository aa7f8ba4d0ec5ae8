/* SPDX-License-Identifier: GPL-2.0-or-later */
/* collect_shm - who holds shared memory: mounts, open files that have no name any more, mappings.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "triage/collect_priv.h"

#define DELETED " (deleted)"

/* As seq_path() writes paths: \ooo for what separates fields and lines. */
static void put_path(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n' || *s == ' ' || *s == '\t' || *s == '\\')
			fprintf(out, "\\%03o", *s);
		else
			fputc(*s, out);
	}
}

struct mount {
	dev_t dev;
	struct span path, type, options; /* options: of the file system */
};

/* proc_pid_mountinfo(5): id parent major:minor root path options [tags...] - type source options */
static bool read_mount(struct span line, struct mount *m)
{
	struct span word, colon;
	uint64_t major, minor;
	int i;

	for (i = 0; i < 3; i++)
		if (!span__word(&line, &word))
			return false;
	colon.at = memchr(word.at, ':', span__len(word));
	if (!colon.at || !span__u64((struct span){word.at, colon.at}, &major) ||
	    !span__u64((struct span){colon.at + 1, word.end}, &minor) ||
	    !span__word(&line, &word) || !span__word(&line, &m->path))
		return false;
	m->dev = makedev((unsigned int)major, (unsigned int)minor);
	while (span__word(&line, &word) && !span__is(word, "-"))
		;
	return span__word(&line, &m->type) && span__word(&line, &word) &&
	       span__word(&line, &m->options);
}

static bool is_tmpfs(const struct collector *c, dev_t dev)
{
	size_t i;

	for (i = 0; i < c->n_tmpfs; i++)
		if (c->tmpfs[i] == dev)
			return true;
	return false;
}

static void put_mount(struct collector *c, const struct mount *m, FILE *out)
{
	char path[4096];
	struct statfs fs;

	/* The same file system may be mounted at many places. */
	if (is_tmpfs(c, m->dev) || c->n_tmpfs == MAX_TMPFS)
		return;
	c->tmpfs[c->n_tmpfs++] = m->dev;
	span__unescape(m->path, path, sizeof(path));
	if (statfs(path, &fs))
		return;
	fprintf(out, "%" PRIu64 " %" PRIu64 " %.*s\n",
		(uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize,
		(uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize, (int)span__len(m->path), m->path.at);
}

static bool hides_processes(const struct mount *m)
{
	const char *option = memmem(m->options.at, span__len(m->options), "hidepid=", 8);
	struct span value = {option, m->options.end};

	return option && span__is(m->type, "proc") && span__is(m->path, "/proc") &&
	       !span__starts(value, "hidepid=0") && !span__starts(value, "hidepid=off");
}

int collect__mounts(struct collector *c, const struct sink *sink)
{
	struct span rest, line;
	struct mount m;
	bool hidden = false;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (procfile__read(&c->file, dirfd(c->proc), "self/mountinfo"))
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return -ENOMEM;
	c->n_tmpfs = 0;
	rest = span__of(c->file.text, c->file.len);
	while (span__line(&rest, &line)) {
		if (!read_mount(line, &m))
			continue;
		if (span__is(m.type, "tmpfs") || span__is(m.type, "devtmpfs"))
			put_mount(c, &m, out);
		hidden |= geteuid() && hides_processes(&m);
	}
	err = fclose(out) ? -ENOMEM : sink__put(sink, "tmpfs", text, len);
	if (!err && hidden)
		err = sink__put(sink, "hidden", "", 0);
	free(text);
	return err;
}

struct files {
	FILE *out;
	size_t n;
};

static void put_file(struct files *files, const char *pid, const struct stat *st, const char *name)
{
	files->n++;
	fprintf(files->out, "%.32s %u:%u:%" PRIu64 " %" PRIu64 " ", pid, major(st->st_dev),
		minor(st->st_dev), (uint64_t)st->st_ino, (uint64_t)st->st_blocks * 512);
	put_path(files->out, name);
	fputc('\n', files->out);
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/* Files that have a name are found by it: these are memfds, and what was deleted while open. */
static int look_at_files(struct collector *c, const char *pid, void *ctx)
{
	struct files *files = ctx;
	struct dirent *entry;
	char path[64];
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.32s/fd", pid);
	fd = openat(dirfd(c->proc), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (files->n < MAX_SHM_FILES && (entry = readdir(dir))) {
		char target[4096];
		struct stat st;
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		bool memfd;

		if (n <= 0 || *target != '/')
			continue;
		target[n] = '\0';
		memfd = !strncmp(target, "/memfd:", 7);
		if (!memfd && !ends_with(target, (size_t)n, DELETED))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) ||
		    (!memfd && !is_tmpfs(c, st.st_dev)))
			continue;
		put_file(files, pid, &st, target);
	}
	closedir(dir);
	return 0;
}

static void look_at_dev_shm(struct files *files)
{
	DIR *dir = opendir("/dev/shm");
	struct dirent *entry;

	while (dir && files->n < MAX_SHM_FILES && (entry = readdir(dir))) {
		char path[300];
		struct stat st;

		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		snprintf(path, sizeof(path), "/dev/shm/%s", entry->d_name);
		put_file(files, "0", &st, path);
	}
	if (dir)
		closedir(dir);
}

int collect__shm_files(struct collector *c, const struct sink *sink)
{
	struct files files = {0};
	char *text = NULL;
	size_t len = 0;
	int err;

	files.out = open_memstream(&text, &len);
	if (!files.out)
		return -ENOMEM;
	err = collect__each_process(c, look_at_files, &files);
	look_at_dev_shm(&files);
	if (fclose(files.out))
		err = -ENOMEM;
	if (!err)
		err = sink__put(sink, "shm/files", text, len);
	free(text);
	return err;
}

#define MAX_ATTACHED 1024 /* of one process */

/* Something shared that a process has mapped, so many times. */
struct shared {
	char key[48]; /* as in "shm/attached" */
	uint64_t mappings;
};

static bool read_hex(struct span word, unsigned int *value)
{
	*value = 0;
	for (; word.at < word.end; word.at++) {
		const char *digit = memchr("0123456789abcdef", *word.at, 16);

		if (!digit || *value >> 28)
			return false;
		*value = *value << 4 | (unsigned int)(digit - "0123456789abcdef");
	}
	return true;
}

/*
 * A mapping of shared memory: "address perms offset MAJOR:MINOR INODE   path". A System V segment
 * is a deleted file "/SYSV" + key, whose inode number is its id.
 */
static bool read_shared(struct span line, char key[48])
{
	struct span word, device, part;
	unsigned int major, minor;
	uint64_t inode;
	int i;

	for (i = 0; i < 4; i++)
		if (!span__word(&line, &device))
			return false;
	if (!span__next_u64(&line, &inode) || !span__word(&line, &word))
		return false;
	if (span__starts(word, "/SYSV")) {
		snprintf(key, 48, "%" PRIu64, inode);
		return span__word(&line, &word) && span__is(word, DELETED + 1);
	}
	if (!span__starts(word, "/memfd:") && !span__starts(word, "/dev/shm/"))
		return false;
	part = device;
	part.end = memchr(device.at, ':', span__len(device));
	if (!part.end || !read_hex(part, &major) ||
	    !read_hex((struct span){part.end + 1, device.end}, &minor))
		return false;
	snprintf(key, 48, "%u:%u:%" PRIu64, major, minor, inode);
	return true;
}

static bool has_shared(const struct procfile *f)
{
	return f->len &&
	       (memmem(f->text, f->len, "/SYSV", 5) || memmem(f->text, f->len, "/memfd:", 7) ||
		memmem(f->text, f->len, "/dev/shm/", 9));
}

static int look_at_mappings(struct collector *c, const char *pid, void *ctx)
{
	struct shared *seen;
	struct span rest, line;
	size_t n = 0, i;
	char path[64], key[48];

	snprintf(path, sizeof(path), "%.32s/maps", pid);
	if (procfile__read(&c->file, dirfd(c->proc), path) || !has_shared(&c->file))
		return 0;
	seen = calloc(MAX_ATTACHED, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	rest = span__of(c->file.text, c->file.len);
	while (span__line(&rest, &line)) {
		if (!read_shared(line, key))
			continue;
		/* From the last one: mappings of a file are neighbours, as a rule. */
		for (i = n; i > 0 && strcmp(seen[i - 1].key, key) != 0; i--)
			;
		if (!i && n == MAX_ATTACHED)
			continue;
		if (!i) {
			strcpy(seen[n].key, key);
			i = ++n;
		}
		seen[i - 1].mappings++;
	}
	for (i = 0; i < n; i++)
		fprintf(ctx, "%.32s %s %" PRIu64 "\n", pid, seen[i].key, seen[i].mappings);
	free(seen);
	return 0;
}

int collect__attached(struct collector *c, const struct sink *sink)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out)
		return -ENOMEM;
	err = collect__each_process(c, look_at_mappings, out);
	if (fclose(out))
		err = -ENOMEM;
	if (!err)
		err = sink__put(sink, "shm/attached", text, len);
	free(text);
	return err;
}
