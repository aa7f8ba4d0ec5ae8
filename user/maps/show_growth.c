/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/show.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maps/growth.h"
#include "render/bars.h"
#include "render/format.h"
#include "render/render.h"
#include "trend.h"

#define NUMBER_WIDTH 12
#define KIND_WIDTH 17
/* Less than this is no growth that wants an explanation. */
#define NOISE_BYTES (64 << 10)
#define MAX_SPARK 60

/* "+12.0 MiB/s" */
static const char *rate(char buf[FORMAT_BYTES_SIZE], int64_t bytes, double seconds)
{
	if (!(seconds > 0))
		return "";
	format__bytes_delta(buf, llrint(fmax(fmin(bytes / seconds, 9e18), -9e18)));
	strcat(buf, "/s"); /* there is room for a good deal more */
	return buf;
}

static void print_counts(const struct trend_group *g, FILE *out)
{
	static const char *const words[] = {"new", "gone", "grown", "shrunk"};
	const size_t counts[] = {g->appeared, g->vanished, g->grew, g->shrank};
	const char *separator = "";
	size_t i;

	for (i = 0; i < 4; i++) {
		if (!counts[i])
			continue;
		fprintf(out, "%s%zu %s", separator, counts[i], words[i]);
		separator = ", ";
	}
}

static void print_group(const struct trend_group *g, double seconds, FILE *out)
{
	char a[FORMAT_BYTES_SIZE];

	fprintf(out, " %*s", NUMBER_WIDTH, format__bytes_delta(a, g->held));
	fprintf(out, " %*s", NUMBER_WIDTH + 2, rate(a, g->held, seconds));
	fprintf(out, " %*s", NUMBER_WIDTH, format__bytes_delta(a, g->uss));
	fprintf(out, " %*s  ", NUMBER_WIDTH, format__bytes_delta(a, g->size));
	print_counts(g, out);
	if (*g->object) {
		fputs("  ", out);
		render__escape(out, layout__base_name(g->object));
	}
	fputc('\n', out);
}

static void print_groups(const struct growth *g, double seconds, const struct show_opts *opts,
			 FILE *out)
{
	size_t i, n = opts->top && opts->top < g->n_groups ? opts->top : g->n_groups;

	fprintf(out, "%-*s %*s %*s %*s %*s  mappings\n", KIND_WIDTH, "kind", NUMBER_WIDTH, "held",
		NUMBER_WIDTH + 2, "rate", NUMBER_WIDTH, "USS", NUMBER_WIDTH, "Size");
	for (i = 0; i < n; i++) {
		bars__begin(out, opts->color, map_kind__hue(g->group[i].kind));
		bars__field(out, map_kind__name(g->group[i].kind), KIND_WIDTH, false);
		bars__end(out, opts->color);
		print_group(&g->group[i], seconds, out);
	}
	if (n < g->n_groups)
		fprintf(out, "... and %zu more (-T 0 shows all)\n", g->n_groups - n);
	bars__bold(out, opts->color);
	bars__field(out, "total", KIND_WIDTH, false);
	print_group(&g->total, seconds, out);
	bars__end(out, opts->color);
}

static const char *became(const struct change *c)
{
	if (!c->before)
		return "new";
	if (!c->after)
		return "gone";
	if (c->held)
		return c->held > 0 ? "grew" : "shrank";
	return c->size > 0 ? "grew" : c->size < 0 ? "shrank" : "changed";
}

static void print_changes(const struct growth *g, const struct show_opts *opts, FILE *out)
{
	size_t i, n = opts->all || !opts->top || opts->top > g->n ? g->n : opts->top;
	char a[FORMAT_BYTES_SIZE], b[FORMAT_BYTES_SIZE];

	fputs("\nmapping by mapping\n", out);
	for (i = 0; i < n; i++) {
		const struct change *c = &g->change[i];

		fprintf(out, "  %012" PRIx64 "-%012" PRIx64 " %-7s %*s held, %*s Size  %s",
			c->start, c->end, became(c), NUMBER_WIDTH, format__bytes_delta(a, c->held),
			NUMBER_WIDTH, format__bytes_delta(b, c->size), map_kind__name(c->kind));
		if (*c->object) {
			fputc(' ', out);
			render__escape(out, layout__base_name(c->object));
		}
		if (*c->detail) {
			fputs(", ", out);
			render__escape(out, c->detail);
		}
		fputc('\n', out);
	}
	if (n < g->n)
		fprintf(out, "  ... and %zu more changes (--all shows them)\n", g->n - n);
}

/* "heap", "text of libc.so.6", "stack (living threads)" */
static void print_subject(const struct trend_group *g, FILE *out)
{
	bool of = g->kind >= MAP_TEXT && g->kind <= MAP_BSS;

	fputs(map_kind__name(g->kind), out);
	if (!*g->object)
		return;
	fputs(of ? " of " : " (", out);
	render__escape(out, layout__base_name(g->object));
	if (!of)
		fputc(')', out);
}

void show__verdict(const struct growth *g, double seconds, FILE *out)
{
	const struct trend_group *m = growth__main(g);
	char a[FORMAT_BYTES_SIZE], b[FORMAT_BYTES_SIZE];
	int64_t whole;

	if (!m || (m->held < NOISE_BYTES && m->size < NOISE_BYTES)) {
		fputs("nothing grew that is worth a word", out);
		return;
	}
	if (m->held >= NOISE_BYTES) {
		/* against what grew: what shrank meanwhile is another matter */
		whole = 0;
		for (size_t i = 0; i < g->n_groups && g->group[i].held > 0; i++)
			whole += g->group[i].held;
		print_subject(m, out);
		fprintf(out, " grew by %s", format__bytes(a, m->held));
		if (seconds > 0)
			fprintf(out, " (%s)", rate(b, m->held, seconds));
		fprintf(out, ", %.0f %% of what grew", 100.0 * m->held / whole);
	} else {
		print_subject(m, out);
		fprintf(out, " took %s more of address space, hardly any of it in memory yet",
			format__bytes(a, m->size));
	}
	if (map_kind__mechanism(m->kind, m->object))
		fprintf(out, "; likely: %s", map_kind__mechanism(m->kind, m->object));
}

/* Where the trace can tell who allocates. */
static void print_next(const struct sample *s, const struct growth *g, FILE *out)
{
	const struct trend_group *m = growth__main(g);

	if (s->pid && m && m->held >= NOISE_BYTES &&
	    (m->kind == MAP_HEAP || m->kind == MAP_ARENA || m->kind == MAP_ANON ||
	     m->kind == MAP_STACK))
		fprintf(out, "next: sudo memleak-bpf -p %d\n", s->pid);
}

/* How the kind that grew most came to it: a picture, and in a word. */
static int print_course(const struct growth *g, const struct moment *moments, size_t n, FILE *out)
{
	const struct trend_group *m = growth__main(g);
	double *times, *values;
	struct trend trend;
	int err = -ENOMEM;
	size_t i;

	if (!m || m->held < NOISE_BYTES || n < 3)
		return 0;
	times = calloc(n, sizeof(*times));
	values = calloc(n, sizeof(*values));
	if (!times || !values)
		goto cleanup;
	for (i = 0; i < n; i++) {
		times[i] = moments[i].time_ns ? moments[i].time_ns / 1e9 : (double)i;
		values[i] = (double)moments[i].held[m->kind];
	}
	err = trend__find(times, values, n, NOISE_BYTES, &trend);
	if (err)
		goto cleanup;
	fprintf(out, "%s, sample by sample: ", map_kind__name(m->kind));
	bars__spark(out, values, n < MAX_SPARK ? n : MAX_SPARK);
	fprintf(out, " %s\n", trend__word(trend.kind));
cleanup:
	free(times);
	free(values);
	return err;
}

int show__growth(const struct sample *first, const struct sample *last,
		 const struct moment *moments, size_t n, const struct show_opts *opts, FILE *out)
{
	double seconds = 0;
	struct growth g;
	int err = growth__make(&first->layout, &last->layout, &g);

	if (err)
		return err;
	if (first->time_ns && last->time_ns > first->time_ns)
		seconds = (last->time_ns - first->time_ns) / 1e9;
	bars__bold(out, opts->color);
	show__name(last, out);
	fprintf(out, ": %zu samples", n);
	if (seconds > 0)
		fprintf(out, " in %.1f s", seconds);
	bars__end(out, opts->color);
	fputc('\n', out);
	show__verdict(&g, seconds, out);
	fputc('\n', out);
	err = print_course(&g, moments, n, out);
	print_next(last, &g, out);
	fputc('\n', out);
	if (g.n) {
		print_groups(&g, seconds, opts, out);
		print_changes(&g, opts, out);
	}
	growth__clear(&g);
	return err;
}
