/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/addrspace.h"
#include "target/dynamic.h"
#include "target/openimg.h"

#define SEPARATORS ": \t\n"

enum {
	MAX_ENVIRON = 4 << 20,
	MAX_PRELOAD_FILE = 1 << 16,
};

/* Two paths to one file: a library is mapped under its real name, not that of its symbolic link. */
static bool is_file_at(const struct image *image, const char *path, pid_t pid)
{
	struct stat ours, theirs;
	char *full;
	bool same;

	if (image->fd < 0 || fstat(image->fd, &ours))
		return false;
	if (!pid)
		full = strdup(path);
	else if (asprintf(&full, "/proc/%d/%s/%s", (int)pid, *path == '/' ? "root" : "cwd", path) <
		 0)
		full = NULL;
	if (!full)
		return false;
	same = !stat(full, &theirs) && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
	free(full);
	return same;
}

bool scope__is_named(const struct scope_object *object, const char *name, pid_t pid)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;

	if (!*base)
		return false;
	if (object->dyn->soname && !strcmp(object->dyn->soname, base))
		return true;
	if (!strcmp(object->image->name, base))
		return true;
	return slash && is_file_at(object->image, name, pid);
}

struct walk {
	const struct scope_object *objects;
	size_t n;
	pid_t pid;
	bool *is_in;
	size_t *order;
	size_t n_order;
};

static void add(struct walk *w, size_t index)
{
	if (w->is_in[index])
		return;
	w->is_in[index] = true;
	w->order[w->n_order++] = index;
}

static void add_named(struct walk *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (scope__is_named(&w->objects[i], name, w->pid)) {
			add(w, i);
			return;
		}
	}
}

static void add_preload(struct walk *w, const char *preload)
{
	while (*preload) {
		size_t len = strcspn(preload, SEPARATORS);
		char *name = len ? strndup(preload, len) : NULL;

		if (name)
			add_named(w, name);
		free(name);
		preload += len;
		preload += strspn(preload, SEPARATORS);
	}
}

size_t scope__order(const struct scope_object *objects, size_t n, const char *preload, pid_t pid,
		    size_t *order)
{
	struct walk w = {.objects = objects, .n = n, .pid = pid, .order = order};
	size_t exe = 0;

	while (exe < n && !objects[exe].image->is_exe)
		exe++;
	if (exe == n)
		return 0;
	w.is_in = calloc(n, sizeof(*w.is_in));
	if (!w.is_in)
		return 0;
	add(&w, exe);
	/* Only a dynamic linker preloads. */
	if (preload && objects[exe].dyn->interp)
		add_preload(&w, preload);
	/* order is the queue of the breadth-first search, too. */
	for (size_t i = 0; i < w.n_order; i++) {
		const struct dynamic *dyn = objects[w.order[i]].dyn;

		for (size_t j = 0; j < dyn->n_needed; j++)
			add_named(&w, dyn->needed[j]);
	}
	/*
	 * The dynamic linker itself. musl's is its libc, which programs need under names that no
	 * file has ("libc.so").
	 */
	if (objects[exe].dyn->interp)
		add_named(&w, objects[exe].dyn->interp);
	free(w.is_in);
	return w.n_order;
}

/* Returns the first max bytes of a file and a NUL, or NULL. */
static char *read_file(const char *path, size_t max, size_t *size)
{
	size_t room = 4096 < max ? 4096 : max;
	int fd = openimg__open_regular(path);
	char *buf = NULL;

	*size = 0;
	if (fd < 0)
		return NULL;
	buf = malloc(room + 1);
	while (buf) {
		ssize_t got = read(fd, buf + *size, room - *size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*size += got;
		if (*size == max)
			break;
		if (*size == room) {
			size_t more = room * 2 < max ? room * 2 : max;
			char *grown = realloc(buf, more + 1);

			if (!grown)
				break;
			buf = grown;
			room = more;
		}
	}
	if (buf)
		buf[*size] = '\0';
	close(fd);
	return buf;
}

/* env: strings with their NULs, as /proc/PID/environ has them. */
static const char *last_preload(const char *env, size_t size)
{
	static const char variable[] = "LD_PRELOAD=";
	const char *value = "";

	/* ld.so takes the last one. */
	for (size_t at = 0; at < size; at += strlen(env + at) + 1)
		if (!strncmp(env + at, variable, strlen(variable)))
			value = env + at + strlen(variable);
	return value;
}

/* Comments go from # to the end of the line. */
static void blank_comments(char *text)
{
	for (bool comment = false; *text; text++) {
		if (*text == '#')
			comment = true;
		else if (*text == '\n')
			comment = false;
		if (comment)
			*text = ' ';
	}
}

int scope__read_preload(pid_t pid, char **preload)
{
	const char *from_env = "";
	char *env, *file, path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	env = read_file(path, MAX_ENVIRON, &size);
	if (env)
		from_env = last_preload(env, size);

	snprintf(path, sizeof(path), "/proc/%d/root/etc/ld.so.preload", (int)pid);
	file = read_file(path, MAX_PRELOAD_FILE, &size);
	if (file)
		blank_comments(file);

	if (asprintf(preload, "%s:%s", from_env, file ? file : "") < 0)
		*preload = NULL;
	free(env);
	free(file);
	return *preload ? 0 : -ENOMEM;
}
