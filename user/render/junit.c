/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JUnit's XML, as CI systems read it (https://github.com/testmoapp/junitxml): a test case for each
 * condition of the gate. A gate that is unsure is an error, not a failure.
 */
#include "render/render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "render/finding.h"
#include "render/gate.h"
#include "render/words.h"
#include "report/report.h"

#define MAX_STACKS 20 /* in the text of a failure */

static void attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	render__escape_xml(out, value);
	fputc('"', out);
}

static void emit_stack(FILE *out, const struct report *r, const struct report_site *site)
{
	char *text = NULL;
	size_t size, i;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return;
	finding__message(mem, r, site);
	fclose(mem);
	render__escape_xml(out, text);
	fputc('\n', out);
	free(text);
	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		fputs("    ", out);
		words__frame(out, f, render__escape_xml);
		if (f->path && f->line > 0) {
			fputc(' ', out);
			render__escape_xml(out, f->path);
			fprintf(out, ":%d", f->line);
		}
		fputc('\n', out);
	}
}

static void emit_stacks(FILE *out, const struct report *r)
{
	struct reach_sum sum;
	size_t i, n = 0;

	for (i = 0; i < r->n_sites; i++)
		if (finding__sum(r, &r->sites[i], &sum) && ++n <= MAX_STACKS)
			emit_stack(out, r, &r->sites[i]);
	if (n > MAX_STACKS)
		fprintf(out, "and %zu more\n", n - MAX_STACKS);
}

static void emit_case(FILE *out, const struct report *r, const struct report_condition *c)
{
	const char *bad = c->state == GATE_FAIL	    ? "failure"
			  : c->state == GATE_UNSURE ? "error"
						    : NULL;

	fputs("    <testcase classname=\"memleak-bpf\"", out);
	attribute(out, "name", c->expression);
	if (!bad) {
		fputs("/>\n", out);
		return;
	}
	fprintf(out, ">\n      <%s type=\"%s\"", bad, gate_state__name(c->state));
	attribute(out, "message", c->why);
	fputc('>', out);
	if (c->state == GATE_FAIL)
		emit_stacks(out, r);
	fprintf(out, "</%s>\n    </testcase>\n", bad);
}

static void emit_line(const char *line, void *arg)
{
	render__escape_xml(arg, line);
	fputc('\n', arg);
}

static int emit_junit(FILE *out, const struct report *r, const struct render_opts *opts)
{
	const struct report_gate *g = &r->gate;
	size_t i, n[GATE_STATES] = {0};
	char when[32] = "", total[WORDS_SIZE];
	struct tm tm;

	(void)opts;
	errno = 0;
	for (i = 0; i < g->n_conditions; i++)
		n[g->conditions[i].state]++;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite "
	      "name=\"memleak-bpf: ",
	      out);
	render__escape_xml(out, r->comm ? r->comm : "?");
	fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\" time=\"0\"",
		g->n_conditions, n[GATE_FAIL], n[GATE_UNSURE]);
	if (gmtime_r(&r->time, &tm) && strftime(when, sizeof(when), "%FT%T", &tm))
		attribute(out, "timestamp", when);
	if (r->origin.host)
		attribute(out, "hostname", r->origin.host);
	fputs(">\n", out);
	for (i = 0; i < g->n_conditions; i++)
		emit_case(out, r, &g->conditions[i]);
	fputs("    <system-out>", out);
	emit_line(words__total(total, r), out);
	render_gate__lines(r, emit_line, out);
	fputs("</system-out>\n    <system-err>", out);
	words__warnings(r, emit_line, out);
	fputs("</system-err>\n  </testsuite>\n</testsuites>\n", out);
	return render__end(out);
}

const struct renderer render_junit = {
	.name = "junit",
	.emit = emit_junit,
};
