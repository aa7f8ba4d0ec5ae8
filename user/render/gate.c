/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/gate.h"

#include <inttypes.h>
#include <stdlib.h>

#include "render/format.h"
#include "render/jsonout.h"
#include "render/render.h"
#include "render/words.h"
#include "report/report.h"

#define MAX_UNUSED 8 /* listed */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void emit_suppressed(FILE *out, const struct report *r)
{
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], sites[FORMAT_NUMBER_SIZE];
	struct reach_sum sum = {0};
	uint64_t n_sites = 0, used = 0;
	size_t i;

	for (i = 0; i < r->n_sites; i++) {
		reach_sum__add(&sum, r->sites[i].suppressed.bytes, r->sites[i].suppressed.count);
		n_sites += r->sites[i].suppressor != 0;
	}
	for (i = 0; i < r->gate.n_suppressions; i++)
		used += r->gate.suppressions[i].sites != 0;
	if (!n_sites)
		fputs("suppressions: nothing is suppressed", out);
	else
		fprintf(out,
			"suppressions: %s block%s, %s byte%s of %s %s%s suppressed by %" PRIu64
			" %s",
			format__number(count, sum.count), plural(sum.count),
			format__number(bytes, sum.bytes), plural(sum.bytes),
			format__number(sites, n_sites), words__site_name(r), plural(n_sites), used,
			used == 1 ? "entry" : "entries");
	if (r->gate.skipped)
		fprintf(out, "; %" PRIu64 " %s for other errors or tools skipped", r->gate.skipped,
			r->gate.skipped == 1 ? "entry" : "entries");
}

static void emit_unused(FILE *out, const struct report *r)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < r->gate.n_suppressions; i++) {
		const struct report_suppression *s = &r->gate.suppressions[i];

		if (!s->sites && ++n <= MAX_UNUSED)
			fprintf(out, "%s%s (%s:%d)", n == 1 ? "suppressions: not used: " : ", ",
				s->entry, s->file, s->line);
	}
	if (n > MAX_UNUSED)
		fprintf(out, ", and %" PRIu64 " more", n - MAX_UNUSED);
}

static void emit_condition(FILE *out, const struct report_condition *c)
{
	static const char *const words[GATE_STATES] = {"", "passes", "unsure", "FAILS"};

	fprintf(out, "gate: %s: %s: %s", words[c->state < GATE_STATES ? c->state : 0],
		c->expression, c->why);
}

struct sink {
	const struct report *report;
	void (*fn)(const char *line, void *arg);
	void *arg;
};

static void line(const struct sink *s, const struct report_condition *c,
		 void (*emit)(FILE *out, const struct report *r))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	if (c)
		emit_condition(out, c);
	else
		emit(out, s->report);
	if (!fclose(out) && *text)
		s->fn(text, s->arg);
	free(text);
}

void render_gate__lines(const struct report *r, void (*fn)(const char *, void *), void *arg)
{
	const struct sink s = {r, fn, arg};
	size_t i;

	for (i = 0; r->gate.n_conditions > 1 && i < r->gate.n_conditions; i++)
		line(&s, &r->gate.conditions[i], NULL);
	if (!r->gate.n_suppressions && !r->gate.skipped)
		return;
	line(&s, NULL, emit_suppressed);
	line(&s, NULL, emit_unused);
}

static const struct report_suppression *suppressor(const struct report *r,
						   const struct report_site *site)
{
	uint64_t n = site->suppressor;

	return n && n <= r->gate.n_suppressions ? &r->gate.suppressions[n - 1] : NULL;
}

void render_gate__site(FILE *out, const struct report *r, const struct report_site *site)
{
	const struct report_suppression *s = suppressor(r, site);

	if (!s)
		return;
	fprintf(out, "suppressed %" PRIu64 " bytes in %" PRIu64 " allocations by ",
		site->suppressed.bytes, site->suppressed.count);
	render__escape(out, s->entry);
	fputs(" (", out);
	render__escape(out, s->file);
	fprintf(out, ":%d)", s->line);
}

static void json_conditions(struct jsonout *j, const struct report_gate *g)
{
	size_t i;

	jsonout__begin(j, "conditions", '[');
	for (i = 0; i < g->n_conditions; i++) {
		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "expression", g->conditions[i].expression);
		jsonout__string(j, "state", gate_state__name(g->conditions[i].state));
		jsonout__string(j, "why", g->conditions[i].why);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

static void json_suppressions(struct jsonout *j, const struct report_gate *g)
{
	size_t i;

	jsonout__begin(j, "suppressions", '[');
	for (i = 0; i < g->n_suppressions; i++) {
		const struct report_suppression *s = &g->suppressions[i];

		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "entry", s->entry);
		jsonout__string(j, "file", s->file);
		jsonout__i64(j, "line", s->line);
		jsonout__u64(j, "bytes", s->bytes);
		jsonout__u64(j, "count", s->count);
		jsonout__u64(j, "sites", s->sites);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

void render_gate__json(struct jsonout *j, const struct report *r)
{
	const struct report_gate *g = &r->gate;

	if (!g->meaning) {
		jsonout__null(j, "gate");
		return;
	}
	jsonout__begin(j, "gate", '{');
	jsonout__string(j, "state", gate_state__name(g->state));
	jsonout__string(j, "verdict", g->verdict);
	jsonout__string(j, "meaning", g->meaning);
	if (g->leaked_known) {
		jsonout__u64(j, "leaked_bytes", g->leaked.bytes);
		jsonout__u64(j, "leaked_count", g->leaked.count);
		jsonout__u64(j, "leaking_sites", g->leaking_sites);
	} else {
		jsonout__null(j, "leaked_bytes");
		jsonout__null(j, "leaked_count");
		jsonout__null(j, "leaking_sites");
	}
	json_conditions(j, g);
	json_suppressions(j, g);
	jsonout__u64(j, "skipped", g->skipped);
	jsonout__end(j, '}');
}

void render_gate__json_site(struct jsonout *j, const struct report *r,
			    const struct report_site *site)
{
	if (r->gate.leaked_known) {
		jsonout__u64(j, "leaked_bytes", site->leaked.bytes);
		jsonout__u64(j, "leaked_count", site->leaked.count);
	} else {
		jsonout__null(j, "leaked_bytes");
		jsonout__null(j, "leaked_count");
	}
	jsonout__u64(j, "suppressed_bytes", site->suppressed.bytes);
	jsonout__u64(j, "suppressed_count", site->suppressed.count);
	if (suppressor(r, site))
		jsonout__u64(j, "suppressor", site->suppressor - 1);
	else
		jsonout__null(j, "suppressor");
}
