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

struct render_opts;
struct renderer;
struct report;

struct output {
	const struct renderer *renderer;
	const char *path;
};

/*
 * Could the files be written? Looked at before there is something to lose. Returns 0, or negative
 * errno and *bad: the first that could not.
 */
int output__check(const struct output *outputs, size_t n, const struct output **bad);
/* Write the report to each. Those behind one that fails are written, too. Returns as above. */
int output__write(const struct output *outputs, size_t n, const struct report *r,
		  const struct render_opts *opts, const struct output **bad);

/* Where the reports of a trace go: in one format to a stream, and into files. */
struct outputs {
	const struct renderer *format; /* of the stream */
	const struct output *files;
	size_t n_files;
	size_t top; /* sites that text shows, 0: all */
	bool color; /* of the stream */
};

/*
 * Write the report to all of them; a format that cannot hold several waits for the last one.
 * Returns 0 or the stream's negative errno. *files_err, *bad: as output__write.
 */
int outputs__emit(const struct outputs *o, FILE *stream, const struct report *r, int *files_err,
		  const struct output **bad);
#endif
