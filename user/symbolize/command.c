/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolize/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "render/output.h"
#include "render/render.h"
#include "replay/recording.h"
#include "report/report.h"
#include "report/strtab.h"
#include "sym/symbolizer.h"
#include "symbolize/files.h"
#include "symbolize/names.h"
#include "symbolize/options.h"

#define EXIT_USAGE 2
#define MAX_TOLD 20 /* objects that nothing was found of */

static int emit_recording(FILE *out, const void *what)
{
	return render_save.emit(out, what, NULL);
}

static int check_dirs(const struct symbolize_options *o)
{
	struct stat st;
	size_t i;

	for (i = 0; i < o->n_dirs; i++) {
		int err = stat(o->dirs[i], &st) ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;

		if (err) {
			recording__complain("read", o->dirs[i], strerror(err));
			return -err;
		}
	}
	return 0;
}

/* The objects that frames are to be named of and no file was found for, each once. */
static void tell_missing(const struct report *r, const struct debug_files *files)
{
	struct strtab told;
	size_t i, j;

	strtab__init(&told);
	for (i = 0; i < r->n_sites; i++) {
		for (j = 0; j < r->sites[i].n_frames; j++) {
			const struct report_frame *f = &r->sites[i].frames[j];
			size_t n = told.n;

			if (!names__is_lacking(f, 1) || debug_files__get(files, f->build_id) ||
			    strtab__add(&told, f->build_id, strlen(f->build_id)) != n ||
			    n >= MAX_TOLD)
				continue;
			fputs("not found: ", stdout);
			render__escape(stdout, f->image ? f->image : "?");
			fputs(", build-id ", stdout);
			render__escape(stdout, f->build_id);
			fputc('\n', stdout);
		}
	}
	if (told.n > MAX_TOLD)
		printf("not found: %zu more objects\n", told.n - MAX_TOLD);
	strtab__clear(&told);
}

/* What has become of it, on standard output. Returns whether anything was found that there could
 * be. */
static bool tell(const struct report *r, const struct debug_files *files,
		 const struct names_count *n)
{
	if (!n->lacking) {
		printf("all of %zu frames had names and lines\n", n->places);
		return true;
	}
	printf("%zu of %zu frames had no name or line: found %zu names and %zu lines\n", n->lacking,
	       n->places, n->named, n->lined);
	tell_missing(r, files);
	return n->named || n->lined;
}

static int symbolize(const struct symbolize_options *o, struct report *r)
{
	const struct symbolizer_opts opts = {.demangle = true, .debug_dir = o->dirs[0]};
	struct debug_files *files = debug_files__new(o->dirs, o->n_dirs);
	struct symbolizer *sym = symbolizer__new(&opts);
	struct names_count count;
	bool any = false;
	int err = -ENOMEM;

	if (!files || !sym)
		goto cleanup;
	err = names__want(r, files);
	if (!err)
		err = debug_files__search(files);
	if (err == -EFBIG) {
		fprintf(stderr, "memleak-bpf: symbolize: there are too many files in --debug-dir: "
				"not all were looked at\n");
		err = 0;
	}
	if (!err)
		err = names__add(r, files, sym, &count);
	if (err)
		goto cleanup;
	any = tell(r, files, &count);
	err = output__to_file(o->out, emit_recording, r);
	if (err)
		recording__complain("write", o->out, strerror(-err));
	else if (!any)
		err = -ENOENT;
cleanup:
	if (err == -ENOMEM)
		fprintf(stderr, "memleak-bpf: symbolize: there is no memory for it\n");
	symbolizer__free(sym);
	debug_files__free(files);
	return err;
}

int symbolize_command__run(int argc, char **argv)
{
	struct symbolize_options o;
	struct report *r = NULL;
	int err;

	if (symbolize_options__parse(argc, argv, &o, stderr))
		return EXIT_USAGE;
	if (o.help) {
		symbolize_options__help(stdout);
		return EXIT_SUCCESS;
	}
	err = check_dirs(&o);
	if (!err)
		err = recording__load(o.file, &r);
	if (!err)
		err = symbolize(&o, r);
	report__free(r);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
