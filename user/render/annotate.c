/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/annotate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gate/source.h"
#include "render/finding.h"
#include "render/render.h"
#include "render/words.h"
#include "report/report.h"

#define MAX_SITES 9 /* ten annotations of a kind are shown for a step */

/* Escapes of workflow commands; those of properties are more. s is printable. */
static void put(FILE *out, const char *s, bool is_property)
{
	for (; *s; s++) {
		if (*s == '%' || (is_property && (*s == ':' || *s == ',')))
			fprintf(out, "%%%02X", *s);
		else
			fputc(*s, out);
	}
}

static void escape(FILE *out, const char *s, bool is_property)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return;
	render__escape(mem, s);
	if (!fclose(mem))
		put(out, text, is_property);
	free(text);
}

static void emit_site(FILE *out, const struct report *r, const struct report_site *site,
		      const char *root)
{
	const struct report_frame *f = source__frame(site, root);
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return;
	finding__message(mem, r, site);
	fclose(mem);
	fputs(r->gate.state == GATE_FAIL ? "::error " : "::warning ", out);
	if (f) {
		fputs("file=", out);
		escape(out, source__path(f, root), true);
		fprintf(out, ",line=%d,", f->line);
	}
	fprintf(out, "title=memleak-bpf (%s)::", finding__rule(r));
	escape(out, text, false);
	fputc('\n', out);
	free(text);
}

void annotate__emit(FILE *out, const struct report *r, const char *root)
{
	static const char *const levels[GATE_STATES] = {"notice", "notice", "warning", "error"};
	char total[WORDS_SIZE];
	struct reach_sum sum;
	size_t i, n = 0;

	fprintf(out, "::%s title=memleak-bpf::", levels[r->gate.state]);
	escape(out, r->gate.verdict ? r->gate.verdict : words__total(total, r), false);
	fputc('\n', out);
	if (r->gate.state == GATE_PASS)
		return;
	for (i = 0; i < r->n_sites && n < MAX_SITES; i++) {
		if (!finding__sum(r, &r->sites[i], &sum))
			continue;
		emit_site(out, r, &r->sites[i], root);
		n++;
	}
}
