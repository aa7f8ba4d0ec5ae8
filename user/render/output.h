/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output - reports into files, of several formats at once.
 *
 * A file is written beside its place and renamed when it is complete: whoever opens it sees a whole
 * report, the last one or this one. Devices and pipes are written to as they are.
 */
#ifndef RENDER_OUTPUT_H
#define RENDER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "render/render.h"

struct exposition;
struct listen;

struct output {
	const struct renderer *renderer;
	const char *path;
};

/* Where the reports of a trace go. */
struct outputs {
	const struct renderer *format; /* on the screen, or what is in its place */
	struct render_opts screen;
	struct output file[RENDER_N];
	size_t n_files;
	struct listen *listen; /* for Prometheus, NULL: nobody */
	FILE *annotations;     /* GitHub's, of the last report; NULL: none */
};

/* Not "-", either: that would become a file of this name, and --format prints. */
static inline bool output__is_name(const char *path)
{
	return *path && strcmp(path, "-") != 0;
}

/*
 * Could the files be written? Looked at before there is something to lose. Returns 0, or negative
 * errno and *bad: the first that could not.
 */
int output__check(const struct output *outputs, size_t n, const struct output **bad);
/* Write the report to each. Those behind one that fails are written, too. Returns as above. */
int output__write(const struct output *outputs, size_t n, const struct report *r,
		  const struct render_opts *opts, const struct output **bad);
/*
 * Whatever emit writes, in the same way. emit returns 0 or negative errno, which is passed on; so
 * is what goes wrong with the file.
 */
int output__to_file(const char *path, int (*emit)(FILE *out, const void *what), const void *what);
/* Does anybody want figures for Prometheus? */
bool outputs__want_metrics(const struct outputs *o);
/*
 * Hand these on, to files and to listen, where there is no report that has them all. Returns 0, or
 * negative errno and *bad: who did not get them.
 */
int outputs__publish(const struct outputs *o, const struct exposition *e,
		     const struct output **bad);
/* Does any of them show lines of source, or keep them? */
bool outputs__show_source(const struct outputs *o);
/*
 * output__write, to out, and to listen; formats of which out cannot hold several wait for the last
 * report. Returns 0 or negative errno of out, and sets *file_error to that of the files and of
 * listen, and *bad as above.
 */
int outputs__emit(const struct outputs *o, FILE *out, const struct report *r,
		  const struct output **bad, int *file_error);
#endif
