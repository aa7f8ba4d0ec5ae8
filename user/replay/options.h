/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - the command line of memleak-bpf report. */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "gate/gate.h"
#include "render/render.h"
#include "report/profile.h"

struct replay_options {
	const char *file;	      /* the recording */
	const char *format;	      /* --format, NULL: text, or none with files */
	const char *output[RENDER_N]; /* --json FILE and so on; NULL: none */
	size_t top;		      /* 0: all */
	struct gate_opts gate;
	bool view_given; /* --view */
	enum report_view view;
	bool no_color, help;
};

/* argv[0] is "report". Returns 0, or -EINVAL after one line on err. Strings are argv's. */
int replay_options__parse(int argc, char **argv, struct replay_options *o, FILE *err);
void replay_options__help(FILE *out);
#endif
