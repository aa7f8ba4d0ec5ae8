/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - the command line of memleak-bpf symbolize. */
#ifndef SYMBOLIZE_OPTIONS_H
#define SYMBOLIZE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SYMBOLIZE_MAX_DIRS 16

struct symbolize_options {
	const char *file; /* the recording */
	const char *dirs[SYMBOLIZE_MAX_DIRS];
	size_t n_dirs;
	const char *out; /* -o; file itself without */
	bool help;
};

/* argv[0] is "symbolize". Returns 0, or -EINVAL after one line on err. Strings are argv's. */
int symbolize_options__parse(int argc, char **argv, struct symbolize_options *o, FILE *err);
void symbolize_options__help(FILE *out);
#endif
