/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - the command line of memleak-bpf triage. */
#ifndef TRIAGE_OPTIONS_H
#define TRIAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct triage_options {
	double interval; /* seconds */
	bool interval_given;
	unsigned int count;
	bool all, no_color, help;
	unsigned int top;		 /* 0: as many as fit */
	const char *record, *svg, *html; /* files; NULL: none */
	const char **from;
	size_t n_from;
};

/*
 * argv[0] is "triage". Returns 0, or -EINVAL with one line on err, or -ENOMEM.
 * triage_options__clear frees in any case; strings are argv's.
 */
int triage_options__parse(int argc, char **argv, struct triage_options *o, FILE *err);
void triage_options__clear(struct triage_options *o);
void triage_options__help(FILE *out);
#endif
