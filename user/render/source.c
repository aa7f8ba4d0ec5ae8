/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/render.h"
#include "report/report.h"

/* Tabs are characters that make no trouble here, and source is full of them. */
static void emit_text(FILE *out, char *text)
{
	char *tab;

	for (; (tab = strchr(text, '\t')); text = tab + 1) {
		*tab = '\0';
		render__escape_xml(out, text);
		fputs("        ", out);
	}
	render__escape_xml(out, text);
}

static void emit_line(FILE *out, const char *text, size_t n, uint64_t number, bool is_it)
{
	char *copy = strndup(text, n);

	if (!copy)
		return;
	fprintf(out, "%s%6" PRIu64 "  ", is_it ? "<b class=\"here\">" : "", number);
	emit_text(out, copy);
	fputs(is_it ? "</b>\n" : "\n", out);
	free(copy);
}

void html__source(FILE *out, const struct report_site *site)
{
	const struct report_frame *f;
	const char *text = site->source;
	uint64_t number = site->source_first;
	size_t n;

	if (!text || site->source_frame >= site->n_frames)
		return;
	f = &site->frames[site->source_frame];
	fputs("<p class=\"dim\">", out);
	render__escape_xml(out, f->path ? f->path : "?");
	fputs("</p>\n<pre class=\"src\">", out);
	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		emit_line(out, text, n, number, f->line > 0 && number == (uint64_t)f->line);
		number++;
	}
	fputs("</pre>\n", out);
}
