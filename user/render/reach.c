/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/reach.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "render/format.h"
#include "report/report.h"

const char *const render_reach_kinds[REACH_KINDS] = {
	[REACH_UNJUDGED] = "not judged",      [REACH_REACHABLE] = "still reachable",
	[REACH_POSSIBLE] = "possibly lost",   [REACH_INDIRECT] = "indirectly lost",
	[REACH_DEFINITE] = "definitely lost",
};

/* Worst first; what there is none of is left out. */
void render_reach__kinds(FILE *out, const struct reach_sum *sums, const struct reach_sum *under)
{
	const char *before = "";
	int kind;

	for (kind = REACH_KINDS; kind-- > 0;) {
		if (!sums[kind].count)
			continue;
		fprintf(out, "%s%s %" PRIu64 " bytes in %" PRIu64 " allocations", before,
			render_reach_kinds[kind], sums[kind].bytes, sums[kind].count);
		if (under && kind == REACH_DEFINITE && under->count)
			fprintf(out, " (through them %" PRIu64 " bytes in %" PRIu64 ")",
				under->bytes, under->count);
		before = ", ";
	}
}

int render_reach__sentence(FILE *out, const struct report *r)
{
	const struct report_reach *h = &r->reach;
	char bytes[FORMAT_BYTES_SIZE];

	if (!h->wanted)
		return 0;
	if (h->why_not[0]) {
		fprintf(out, "unconfirmed: %s", h->why_not);
		return 1;
	}
	if (r->count)
		render_reach__kinds(out, h->sum, NULL);
	else
		fputs("no blocks", out);
	fprintf(out, "; stopped for %.1f ms", (double)h->pause_ns / 1e6);
	if (h->scans && !h->copied)
		fputs(" (until it was judged: there was no room for a copy)", out);
	if (h->scans > 1)
		fprintf(out, ", confirmed after %.1f s", (double)h->apart_ns / 1e9);
	if (h->swapped)
		fprintf(out, "; %s were in swap, and were brought back to be read",
			format__bytes(bytes, h->swapped));
	if (h->heap_roots)
		fprintf(out,
			"; %" PRIu64 " bytes of the heap are not known, and were taken for in use",
			h->heap_roots);
	return 1;
}

__attribute__((format(printf, 2, 3))) static void append(char buf[WORDS_SIZE], const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + n, WORDS_SIZE - n, fmt, args);
	va_end(args);
}

/* What is lost with a stack's blocks: those under them may be of other stacks. */
static uint64_t weight(const struct report_site *site)
{
	struct reach_sum sum = site->reach[REACH_DEFINITE];

	reach_sum__add(&sum, site->under.bytes, site->under.count);
	return sum.bytes;
}

static bool is_suppressed(const struct report_site *site)
{
	return site->suppressor && site->suppressed.count == site->count;
}

static const struct report_site *worst(const struct report *r)
{
	const struct report_site *site = NULL;
	size_t i;

	for (i = 0; i < r->n_sites; i++)
		if (r->sites[i].reach[REACH_DEFINITE].count && !is_suppressed(&r->sites[i]) &&
		    (!site || weight(&r->sites[i]) > weight(site)))
			site = &r->sites[i];
	return site;
}

static void append_sum(char buf[WORDS_SIZE], const char *before, const struct reach_sum *sum,
		       const char *after)
{
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE];

	if (sum->count)
		append(buf, "%s%s bytes in %s%s", before, format__number(bytes, sum->bytes),
		       format__number(count, sum->count), after);
}

const char *render_reach__lost(char buf[WORDS_SIZE], const struct report *r)
{
	const struct reach_sum *kinds = r->reach.sum, *reached = &kinds[REACH_REACHABLE];
	struct reach_sum lost = kinds[REACH_DEFINITE];
	const struct report_site *site = worst(r);
	char at[WORDS_SIZE];

	if (!reach__is_judged(&r->reach) || !r->count)
		return NULL;
	*buf = '\0';
	reach_sum__add(&lost, kinds[REACH_INDIRECT].bytes, kinds[REACH_INDIRECT].count);
	append_sum(buf, "", &lost, lost.count == 1 ? " allocation" : " allocations");
	if (lost.count && site)
		append(buf, "%s %.120s", weight(site) == lost.bytes ? " at" : ", most of it at",
		       words__place(at, site));
	if (!lost.count)
		append(buf, kinds[REACH_POSSIBLE].count ? "nothing for sure" : "nothing");
	append_sum(buf, "; possibly ", &kinds[REACH_POSSIBLE], "");
	append_sum(buf, reached->count == r->count ? "; all " : "; ", reached,
		   " can still be reached");
	return buf;
}

void render_reach__holder(FILE *out, const struct report_holder *h)
{
	fputs(h->root, out);
	if (h->offset)
		fprintf(out, "+%#" PRIx64, h->offset);
	if (h->file)
		fprintf(out, " (%s:%d)", h->file, h->line);
	else if (h->image)
		fprintf(out, " [%s]", h->image);
	if (h->way)
		fprintf(out, " → %s", h->way);
	fprintf(out, ": %" PRIu64 " bytes in %" PRIu64 " allocations", h->bytes, h->count);
}

struct reach_sum render_reach__held_otherwise(const struct report_site *site)
{
	struct reach_sum rest = site->reach[REACH_REACHABLE];
	size_t i;

	if (!site->n_holders)
		return (struct reach_sum){0};
	for (i = 0; i < site->n_holders; i++) {
		const struct report_holder *h = &site->holders[i];

		rest.bytes -= h->bytes < rest.bytes ? h->bytes : rest.bytes;
		rest.count -= h->count < rest.count ? h->count : rest.count;
	}
	return rest;
}
