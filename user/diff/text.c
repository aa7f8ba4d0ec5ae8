/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The difference as text: what has grown most first, what has shrunk most last. As in reports,
 * numbers in the line of a stack have no separators.
 */
#include "diff/render.h"

#include <errno.h>
#include <inttypes.h>

#include "diff/compare.h"
#include "diff/words.h"
#include "render/text.h"
#include "report/report.h"

/* SGR sequences, console_codes(4). */
static void begin(FILE *out, bool color, const char *code)
{
	if (color)
		fprintf(out, "\033[%sm", code);
}

static void end(FILE *out, bool color)
{
	if (color)
		fputs("\033[0m", out);
}

static void emit_site(FILE *out, const struct diff_site *s, bool color)
{
	char was[WORDS_SIZE];

	fputc('\t', out);
	begin(out, color, s->bytes_delta < 0 ? "1;32" : "1;31");
	fprintf(out, "%+" PRId64 " bytes, %+" PRId64 " allocations", s->bytes_delta,
		s->count_delta);
	end(out, color);
	fprintf(out, ", %s\n\t\t", diff_words__was(was, s));
	render__escape(out, s->site->entry ? s->site->entry : "?");
	if (s->site->note) {
		fputs(" (", out);
		render__escape(out, s->site->note);
		fputc(')', out);
	}
	fputc('\n', out);
	text__stack(out, color, s->site);
}

static size_t emit_sites(FILE *out, const struct diff *d, size_t from, size_t to, bool color)
{
	size_t i;

	for (i = from; i < to; i++)
		if (d->sites[i].kind != DIFF_UNCHANGED)
			emit_site(out, &d->sites[i], color);
	return to;
}

/* What -T leaves out. */
static void emit_hidden(FILE *out, const struct diff *d, size_t from, size_t to, const char *how)
{
	int64_t bytes = 0, count = 0;
	size_t i;

	for (i = from; i < to; i++) {
		/* of hostile recordings: no sum of them means anything */
		bytes = (int64_t)((uint64_t)bytes + (uint64_t)d->sites[i].bytes_delta);
		count = (int64_t)((uint64_t)count + (uint64_t)d->sites[i].count_delta);
	}
	if (from < to)
		fprintf(out,
			"\t... and %zu more %s %s with %+" PRId64 " bytes, %+" PRId64
			" allocations (-T 0 shows all)\n",
			to - from, to - from == 1 ? "stack" : "stacks", how, bytes, count);
}

static bool has_grown(const struct diff_site *s)
{
	return s->kind == DIFF_NEW_SITE || s->kind == DIFF_GROWN;
}

static bool has_shrunk(const struct diff_site *s)
{
	return s->kind == DIFF_GONE || s->kind == DIFF_SHRUNK;
}

int diff_text__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	bool color = opts && opts->color;
	size_t top = opts && opts->top ? opts->top : SIZE_MAX, n = d->n_sites, grown = 0,
	       shrunk = 0, i;
	char line[WORDS_SIZE];

	errno = 0;
	begin(out, color, "1");
	render__escape(out, d->old_name);
	fputs(" → ", out);
	render__escape(out, d->new_name);
	fprintf(out, ": %s", diff_words__total(line, d));
	end(out, color);
	fprintf(out, "\n%s\n", diff_words__kinds(line, d));
	while (grown < n && has_grown(&d->sites[grown]))
		grown++;
	while (shrunk < n - grown && has_shrunk(&d->sites[n - 1 - shrunk]))
		shrunk++;
	i = emit_sites(out, d, 0, grown < top ? grown : top, color);
	emit_hidden(out, d, i, grown, "new or grown");
	i = shrunk < top ? n - shrunk : n - top;
	emit_hidden(out, d, n - shrunk, i, "shrunk or gone");
	emit_sites(out, d, i, n, color);
	for (i = 0; i < d->n_notes; i++) {
		begin(out, color, "33");
		fputs("note: ", out);
		render__escape(out, d->notes[i]);
		end(out, color);
		fputc('\n', out);
	}
	return render__end(out);
}
