/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference as a page that needs nothing else: html.h of user/render says how these are. */
#include "render/html.h"

#include <errno.h>
#include <inttypes.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "diff/words.h"
#include "render/flame.h"
#include "render/format.h"
#include "report/report.h"

#define MAX_SITES 200 /* with frames of their own; the flame graph has all */
#define OPEN_SITES 3  /* whose frames show at once */

static void emit_verdict(FILE *out, const struct diff *d)
{
	char line[WORDS_SIZE];
	size_t i;

	fputs("<section class=\"verdict\" aria-label=\"Verdict\">\n", out);
	html__element(out, "p", NULL, diff_words__total(line, d));
	html__element(out, "p", NULL, diff_words__kinds(line, d));
	fputs("</section>\n", out);
	for (i = 0; i < d->n_notes; i++)
		html__element(out, "p", "warn", d->notes[i]);
	fputs("</header>\n<main>\n", out);
}

static void emit_site(FILE *out, const struct diff_site *s, bool open)
{
	char line[WORDS_SIZE];

	fprintf(out,
		"<details%s><summary><b>%+" PRId64 " bytes</b>, %+" PRId64
		" allocations, <b class=\"%s\">%s</b>: ",
		open ? " open=\"open\"" : "", s->bytes_delta, s->count_delta,
		s->bytes_delta < 0 ? "less" : "more", diff_words__was(line, s));
	render__escape_xml(out, words__site(line, s->site));
	fputs(" <span class=\"dim\">", out);
	render__escape_xml(out, s->site->entry ? s->site->entry : "?");
	if (s->site->note) {
		fputs(", ", out);
		render__escape_xml(out, s->site->note);
	}
	fputs("</span></summary>\n", out);
	html__stack(out, s->site);
	fputs("</details>\n", out);
}

/* What has grown, and what has shrunk the most first. */
static void emit_sites(FILE *out, const struct diff *d)
{
	size_t changed = d->n_sites - d->sum[DIFF_UNCHANGED].sites, n = 0, i;

	fputs("<section id=\"stacks\" tabindex=\"-1\"><h2>Stacks</h2>\n", out);
	for (i = 0; i < d->n_sites && n < MAX_SITES; i++)
		if (d->sites[i].kind < DIFF_UNCHANGED)
			emit_site(out, &d->sites[i], n++ < OPEN_SITES);
	for (i = d->n_sites; i-- && n < MAX_SITES;)
		if (d->sites[i].kind > DIFF_UNCHANGED)
			emit_site(out, &d->sites[i], n++ < OPEN_SITES);
	if (n < changed)
		fprintf(out, "<p>… and %zu more that have changed</p>\n", changed - n);
	fputs("</section>\n", out);
}

static void emit_row(FILE *out, const char *what, const char *old, const char *new)
{
	if (!old && !new)
		return;
	fprintf(out, "<tr><th scope=\"row\">%s</th><td>", what);
	render__escape_xml(out, old ? old : "");
	fputs("</td><td>", out);
	render__escape_xml(out, new ? new : "");
	fputs("</td></tr>\n", out);
}

static void emit_recordings(FILE *out, const struct diff *d)
{
	const struct report_origin *a = &d->old->origin, *b = &d->new->origin;
	char old[WORDS_SIZE], new[WORDS_SIZE];

	fputs("<section><h2>What is compared</h2>\n<table><thead><tr><th></th>"
	      "<th scope=\"col\">old</th><th scope=\"col\">new</th></tr></thead><tbody>\n",
	      out);
	emit_row(out, "file", d->old_name, d->new_name);
	emit_row(out, "program", words__title(old, d->old), words__title(new, d->new));
	emit_row(out, "outstanding", words__total(old, d->old), words__total(new, d->new));
	emit_row(out, "command", a->command, b->command);
	emit_row(out, "host", a->host, b->host);
	emit_row(out, "kernel", a->kernel, b->kernel);
	emit_row(out, "machine", a->machine, b->machine);
	emit_row(out, "memleak-bpf", a->tool, b->tool);
	fputs("</tbody></table></section>\n", out);
}

int diff_html__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	char title[WORDS_SIZE];
	struct flame *f;
	int err;

	(void)opts;
	err = diff_flame__new(d, &f);
	if (err)
		return err;
	errno = 0;
	html__head(out, diff_words__title(title, d));
	emit_verdict(out, d);
	emit_sites(out, d);
	if (d->n_sites)
		html__flame(
			out, f,
			"As wide as the bytes before or after, whichever is more. Red has grown, "
			"blue has shrunk, the darker the larger a part of it; grey is as it was.");
	emit_recordings(out, d);
	fputs("</main>\n", out);
	if (d->n_sites)
		flame__script(out, f);
	fputs("</body></html>\n", out);
	flame__free(f);
	return render__end(out);
}
