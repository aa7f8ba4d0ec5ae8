/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - the command line of memleak-bpf diff. */
#ifndef DIFF_OPTIONS_H
#define DIFF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "render/render.h"

struct diff_options {
	const char *old, *new; /* the recordings */
	int format;	       /* --format, an enum render_id; -1: text, or none with files */
	const char *output[RENDER_N]; /* --json FILE and so on; NULL: none */
	size_t top;		      /* 0: all */
	bool no_color, help;
};

/* argv[0] is "diff". Returns 0, or -EINVAL after one line on err. Strings are argv's. */
int diff_options__parse(int argc, char **argv, struct diff_options *o, FILE *err);
void diff_options__help(FILE *out);
#endif
