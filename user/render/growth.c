/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/growth.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "render/bars.h"
#include "render/format.h"
#include "report/report.h"

#define INTERVALS 3 /* that make a curve */
#define SPARKS 24
#define CURVE_WIDTH 240
#define CURVE_HEIGHT 36

__attribute__((format(printf, 2, 3))) static void append(char buf[WORDS_SIZE], const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + n, WORDS_SIZE - n, fmt, args);
	va_end(args);
}

/* "12.4 MiB/h" */
static const char *rate(char buf[FORMAT_BYTES_SIZE + 2], uint64_t bytes_per_hour)
{
	format__bytes(buf, bytes_per_hour);
	return strcat(buf, "/h");
}

static const char *where(char buf[WORDS_SIZE], const struct report_site *site)
{
	const struct report_frame *f = site->frames;

	if (!site->n_frames || !f->file || f->line <= 0)
		return words__site(buf, site);
	snprintf(buf, WORDS_SIZE, "%.120s:%d", f->file, f->line);
	return buf;
}

/* The fastest that is shown. */
static const struct report_site *fastest(const struct report *r)
{
	const struct report_site *site = NULL;
	size_t i;

	for (i = 0; i < r->n_sites; i++)
		if (r->sites[i].verdict.kind == VERDICT_LEAKING &&
		    (!site || r->sites[i].verdict.bytes_per_hour > site->verdict.bytes_per_hour))
			site = &r->sites[i];
	return site;
}

static void say_leaks(char buf[WORDS_SIZE], const struct report *r)
{
	const struct verdict_tally *leaks = &r->verdicts[VERDICT_LEAKING];
	const struct report_site *site = fastest(r);
	char speed[FORMAT_BYTES_SIZE + 2], at[WORDS_SIZE];

	if (leaks->stacks == 1)
		append(buf, "1 %s leaks: ", words__site_name(r));
	else
		append(buf, "%" PRIu64 " %ss leak: ", leaks->stacks, words__site_name(r));
	append(buf, "%s", rate(speed, leaks->bytes_per_hour));
	if (!site)
		return;
	if (leaks->stacks > 1)
		append(buf, ", most of it %s", rate(speed, site->verdict.bytes_per_hour));
	append(buf, " at %.120s (%u %%)", where(at, site), site->verdict.sure);
}

static void say_none(char buf[WORDS_SIZE], const struct report *r)
{
	static const enum verdict_kind order[] = {VERDICT_CACHE, VERDICT_PLATEAU, VERDICT_CHURN,
						  VERDICT_STARTUP, VERDICT_EARLY};
	const char *before = ": ";
	size_t i;

	append(buf, "no %s is seen to leak", words__site_name(r));
	for (i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (!r->verdicts[order[i]].stacks)
			continue;
		append(buf, "%s%" PRIu64 " %s", before, r->verdicts[order[i]].stacks,
		       site_verdict__word(order[i]));
		before = ", ";
	}
}

const char *growth__sentence(char buf[WORDS_SIZE], const struct report *r)
{
	size_t intervals = r->history.n ? r->history.n - 1 : 0;

	*buf = '\0';
	if (!r->count || (intervals < VERDICT_INTERVALS && r->final))
		return NULL;
	if (!intervals)
		return NULL;
	if (intervals < VERDICT_INTERVALS)
		append(buf, "too early to say what leaks: it takes %d reports, this is number %zu",
		       VERDICT_INTERVALS, intervals);
	else if (r->verdicts[VERDICT_LEAKING].stacks)
		say_leaks(buf, r);
	else
		say_none(buf, r);
	return buf;
}

const char *growth__verdict(char buf[WORDS_SIZE], const struct site_verdict *v)
{
	char speed[FORMAT_BYTES_SIZE + 2];

	if (v->reason == REASON_FEW_REPORTS)
		return NULL;
	*buf = '\0';
	append(buf, "%s: %s", site_verdict__word(v->kind), site_verdict__reason(v->reason));
	if (v->sure)
		append(buf, " (%u %%)", v->sure);
	if (v->bytes_per_hour)
		append(buf, ", %s", rate(speed, v->bytes_per_hour));
	return buf;
}

/* Point i of the report's, of which h has the last ones. */
static double at(const struct report *r, const struct report_history *h, size_t i)
{
	size_t missing = r->history.n - h->n;

	return i < missing ? 0 : (double)h->bytes[i - missing];
}

bool growth__spark(FILE *out, const struct report *r, const struct report_history *h)
{
	size_t n = r->history.n, samples = n < SPARKS ? n : SPARKS, i, k = 0;
	double values[SPARKS];

	if (n <= INTERVALS || !h->n)
		return false;
	/* evenly in time: older points are further apart */
	for (i = 0; i < samples; i++) {
		double want = (double)r->history_ns[n - 1] * (double)i / (double)(samples - 1);

		while (k + 1 < n && (double)r->history_ns[k + 1] <= want)
			k++;
		values[i] = at(r, h, n == samples ? i : k);
	}
	fputc(' ', out);
	bars__spark(out, values, samples);
	return true;
}

/* What screen readers say, and the pointer shows. */
static void title(FILE *out, const struct report *r, const struct report_history *h, uint64_t most)
{
	char last[FORMAT_BYTES_SIZE], high[FORMAT_BYTES_SIZE], age[FORMAT_AGE_SIZE];
	uint64_t ns = r->history_ns[r->history.n - 1];

	fprintf(out, "<title>Outstanding over %s: at most %s, now %s</title>",
		format__age(age, ns, ns), format__bytes(high, most),
		format__bytes(last, h->bytes[h->n - 1]));
}

bool growth__curve(FILE *out, const struct report *r, const struct report_history *h)
{
	size_t n = r->history.n, i;
	uint64_t most = 0;
	double span;

	if (n <= INTERVALS || !h->n)
		return false;
	span = (double)r->history_ns[n - 1];
	for (i = 0; i < h->n; i++)
		if (h->bytes[i] > most)
			most = h->bytes[i];
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"curve\" role=\"img\" "
		"viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">",
		CURVE_WIDTH, CURVE_HEIGHT, CURVE_WIDTH, CURVE_HEIGHT);
	title(out, r, h, most);
	fputs("<polyline points=\"", out);
	for (i = 0; i < n; i++) {
		double x = span > 0 ? (double)r->history_ns[i] / span : 0;
		double y = most ? at(r, h, i) / (double)most : 0;

		fprintf(out, "%s%.1f,%.1f", i ? " " : "", 1 + x * (CURVE_WIDTH - 2),
			1 + (1 - y) * (CURVE_HEIGHT - 2));
	}
	fputs("\"/></svg>\n", out);
	return true;
}
