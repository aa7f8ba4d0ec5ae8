/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render/output.h"
#include "render/render.h"
#include "replay/options.h"
#include "replay/recording.h"
#include "report/report.h"

#define EXIT_USAGE 2

static int show(const struct replay_options *o, const struct report *r)
{
	struct output outputs[RENDER_N];
	const struct output *bad;
	const struct renderer *format;
	struct render_opts opts = {.top = o->top};
	size_t n = 0;
	int i, err;

	for (i = 0; i < RENDER_N; i++)
		if (o->output[i])
			outputs[n++] = (struct output){renderer__at(i), o->output[i]};
	err = output__write(outputs, n, r, &opts, &bad);
	if (err)
		recording__complain("write", bad->path, strerror(-err));
	if (n && !o->format)
		return err;
	format = o->format ? renderer__find(o->format) : &render_text;
	opts.color = !o->no_color && isatty(STDOUT_FILENO);
	i = format->emit(stdout, r, &opts);
	if (i)
		recording__complain("write", "standard output", strerror(-i));
	return err ? err : i;
}

int replay__main(int argc, char **argv)
{
	struct replay_options o;
	struct report *r = NULL;
	int err;

	if (replay_options__parse(argc, argv, &o, stderr))
		return EXIT_USAGE;
	if (o.help) {
		replay_options__help(stdout);
		return EXIT_SUCCESS;
	}
	err = recording__load(o.file, &r);
	if (!err)
		err = show(&o, r);
	report__free(r);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
