/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/replay.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/gate.h"
#include "render/annotate.h"
#include "render/output.h"
#include "render/render.h"
#include "replay/options.h"
#include "replay/recording.h"
#include "report/report.h"

#define EXIT_USAGE 2

/* The report as it was, or as --view asks for. */
static int look(const struct replay_options *o, struct report *r)
{
	int err = o->view_given ? report__view(r, o->view) : 0;

	if (err)
		recording__complain("show", o->file,
				    err == -ENODATA ? "it has no profile: record it with --profile"
						    : strerror(-err));
	return err;
}

static int show(const struct replay_options *o, const struct report *r)
{
	struct output outputs[RENDER_N];
	const struct output *bad;
	const struct renderer *format;
	char root[PATH_MAX];
	struct render_opts opts = {.top = o->top, .root = getcwd(root, sizeof(root))};
	size_t n = 0;
	int i, err;

	for (i = 0; i < RENDER_N; i++)
		if (o->output[i])
			outputs[n++] = (struct output){renderer__at(i), o->output[i]};
	err = output__write(outputs, n, r, &opts, &bad);
	if (err)
		recording__complain("write", bad->path, strerror(-err));
	if (o->gate.annotate)
		annotate__emit(o->format && strcmp(o->format, "text") != 0 ? stderr : stdout, r,
			       opts.root);
	if (n && !o->format)
		return err;
	format = o->format ? renderer__find(o->format) : &render_text;
	opts.color = !o->no_color && isatty(STDOUT_FILENO);
	i = format->emit(stdout, r, &opts);
	if (i)
		recording__complain("write", "standard output", strerror(-i));
	return err ? err : i;
}

static int judge_and_show(const struct replay_options *o, struct gate *gate)
{
	struct report *r = NULL;
	int err;

	err = recording__load(o->file, &r);
	if (err)
		return EXIT_FAILURE;
	err = look(o, r);
	if (err) {
		report__free(r);
		return EXIT_FAILURE;
	}
	err = gate__judge(gate, r);
	if (err)
		recording__complain("judge", o->file, strerror(-err));
	else
		err = show(o, r);
	report__free(r);
	return gate__status(gate, err ? EXIT_FAILURE : EXIT_SUCCESS, stderr);
}

int replay__main(int argc, char **argv)
{
	struct replay_options o;
	struct gate *gate;
	int err, status;

	if (replay_options__parse(argc, argv, &o, stderr))
		return EXIT_USAGE;
	if (o.help) {
		replay_options__help(stdout);
		return EXIT_SUCCESS;
	}
	err = gate__new(&o.gate, stderr, &gate);
	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	status = judge_and_show(&o, gate);
	gate__free(gate);
	return status;
}
