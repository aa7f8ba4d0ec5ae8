/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff/compare.h"
#include "diff/options.h"
#include "diff/render.h"
#include "render/output.h"
#include "replay/recording.h"
#include "report/report.h"

#define EXIT_USAGE 2

struct job {
	diff_emit_fn emit;
	const struct diff *diff;
	struct render_opts opts;
};

static int emit_job(FILE *out, const void *what)
{
	const struct job *job = what;

	return job->emit(out, job->diff, &job->opts);
}

static int show(const struct diff_options *o, const struct diff *d)
{
	struct job job = {.diff = d, .opts.top = o->top};
	int i, err, first = 0;
	bool files = false;

	for (i = 0; i < RENDER_N; i++) {
		if (!o->output[i])
			continue;
		files = true;
		job.emit = diff_render__find(i);
		err = output__to_file(o->output[i], emit_job, &job);
		if (err)
			recording__complain("write", o->output[i], strerror(-err));
		first = first ? first : err;
	}
	if (files && o->format < 0)
		return first;
	job.emit = diff_render__find(o->format < 0 ? RENDER_ID_text : o->format);
	job.opts.color = !o->no_color && isatty(STDOUT_FILENO);
	err = emit_job(stdout, &job);
	if (err)
		recording__complain("write", "standard output", strerror(-err));
	return first ? first : err;
}

int diff_command__run(int argc, char **argv)
{
	struct report *old = NULL, *new = NULL;
	struct diff_options o;
	struct diff *d = NULL;
	int err;

	if (diff_options__parse(argc, argv, &o, stderr))
		return EXIT_USAGE;
	if (o.help) {
		diff_options__help(stdout);
		return EXIT_SUCCESS;
	}
	err = recording__load(o.old, &old);
	if (!err)
		err = recording__load(o.new, &new);
	/* outstanding is what is compared, whatever --view they were recorded with */
	if (!err)
		err = report__view(old, REPORT_VIEW_LEAKED);
	if (!err)
		err = report__view(new, REPORT_VIEW_LEAKED);
	if (err)
		goto cleanup;
	err = diff__new(old, o.old, new, o.new, &d);
	if (err)
		fprintf(stderr, "memleak-bpf: diff: there is no memory for it\n");
	else
		err = show(&o, d);
cleanup:
	diff__free(d);
	report__free(old);
	report__free(new);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
