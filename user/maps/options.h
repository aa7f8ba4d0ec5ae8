/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - the command line of memleak-bpf maps. */
#ifndef MAPS_OPTIONS_H
#define MAPS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct maps_options {
	pid_t pid;			 /* 0: from */
	const char *from;		 /* a recording, "-": standard input; NULL: pid */
	bool growth;			 /* compare samples */
	double interval_s;		 /* default 1 */
	unsigned long count;		 /* of samples, default 5 */
	const char *svg, *html, *record; /* files; NULL: none */
	bool all;
	size_t top; /* default 10, 0: all */
	bool no_color, help;
};

/* argv[0] is "maps". Returns 0, or -EINVAL with one line on err. Strings are argv's. */
int maps_options__parse(int argc, char **argv, struct maps_options *o, FILE *err);
void maps_options__help(FILE *out);
#endif
