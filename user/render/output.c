/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listen.h"
#include "render/annotate.h"
#include "render/metrics.h"
#include "report/report.h"

/* Something that a rename would replace by a file. */
static bool is_device(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* What a new file gets; there is no way to ask without setting it. */
static mode_t creation_mode(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return 0666 & ~mask;
}

/* A new file beside path. *temporary is malloc'ed, NULL if there is none. */
static int open_beside(const char *path, char **temporary)
{
	struct stat st;
	int fd;

	*temporary = NULL;
	if (!*path)
		return -ENOENT;
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (asprintf(temporary, "%s.XXXXXX", path) < 0) {
		*temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd >= 0)
		return fd;
	fd = -errno;
	free(*temporary);
	*temporary = NULL;
	return fd;
}

int output__to_file(const char *path, int (*emit)(FILE *out, const void *what), const void *what)
{
	char *temporary = NULL;
	FILE *out = NULL;
	int fd, err;

	if (is_device(path)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	} else {
		fd = open_beside(path, &temporary);
		if (fd < 0)
			return fd;
	}
	out = fdopen(fd, "w");
	if (!out) {
		err = -errno;
		close(fd);
		goto cleanup;
	}
	err = emit(out, what);
	if (!err && temporary && fchmod(fd, creation_mode()))
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && temporary && rename(temporary, path))
		err = -errno;
cleanup:
	if (err && temporary)
		unlink(temporary);
	free(temporary);
	return err;
}

struct job {
	const struct renderer *renderer;
	const struct report *report;
	const struct render_opts *opts;
};

static int emit_job(FILE *out, const void *what)
{
	const struct job *job = what;

	return job->renderer->emit(out, job->report, job->opts);
}

static int write_one(const struct output *o, const struct report *r, const struct render_opts *opts)
{
	const struct job job = {.renderer = o->renderer, .report = r, .opts = opts};

	return output__to_file(o->path, emit_job, &job);
}

int output__write(const struct output *outputs, size_t n, const struct report *r,
		  const struct render_opts *opts, const struct output **bad)
{
	int err, first = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		err = write_one(&outputs[i], r, opts);
		if (err && !first) {
			first = err;
			*bad = &outputs[i];
		}
	}
	return first;
}

int output__check(const struct output *outputs, size_t n, const struct output **bad)
{
	char *temporary;
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		*bad = &outputs[i];
		if (is_device(outputs[i].path)) {
			if (access(outputs[i].path, W_OK))
				return -errno;
			continue;
		}
		fd = open_beside(outputs[i].path, &temporary);
		if (fd < 0)
			return fd;
		close(fd);
		unlink(temporary);
		free(temporary);
	}
	return 0;
}

static const struct output listening = {.path = "the figures for --listen"};

/* The last figures stay if there is no memory for these. */
static int tell(const struct outputs *o, const struct report *r)
{
	struct exposition *e = metrics__new();
	int err = -ENOMEM;

	if (e) {
		metrics__add(e, r, o->screen.top);
		err = listen__publish(o->listen, e);
	}
	exposition__free(e);
	return err;
}

static int emit_exposition(FILE *out, const void *what)
{
	int err;

	errno = 0;
	err = exposition__write(what, EXPOSITION_TEXT, out);
	return err ? err : render__end(out);
}

bool outputs__want_metrics(const struct outputs *o)
{
	bool any = o->listen;
	size_t i;

	for (i = 0; i < o->n_files; i++)
		any |= o->file[i].renderer == &render_metrics;
	return any;
}

int outputs__publish(const struct outputs *o, const struct exposition *e, const struct output **bad)
{
	int first = o->listen ? listen__publish(o->listen, e) : 0, err;
	size_t i;

	*bad = &listening;
	for (i = 0; i < o->n_files; i++) {
		if (o->file[i].renderer != &render_metrics)
			continue;
		err = output__to_file(o->file[i].path, emit_exposition, e);
		if (err && !first) {
			first = err;
			*bad = &o->file[i];
		}
	}
	return first;
}

int outputs__emit(const struct outputs *o, FILE *out, const struct report *r,
		  const struct output **bad, int *file_error)
{
	const struct render_opts file = {.top = o->screen.top, .root = o->screen.root};
	int err;

	*file_error = output__write(o->file, o->n_files, r, &file, bad);
	err = o->listen ? tell(o, r) : 0;
	if (err && !*file_error) {
		*file_error = err;
		*bad = &listening;
	}
	err = 0;
	if (o->format->follows || r->final)
		err = o->format->emit(out, r, &o->screen);
	if (!err && o->annotations && r->final) {
		annotate__emit(o->annotations, r, o->screen.root);
		err = render__end(o->annotations);
	}
	return err;
}

static bool shows_source(const struct renderer *r)
{
	return r == &render_html || r == &render_json || r == &render_save;
}

bool outputs__show_source(const struct outputs *o)
{
	bool any = shows_source(o->format);
	size_t i;

	for (i = 0; i < o->n_files; i++)
		any |= shows_source(o->file[i].renderer);
	return any;
}
