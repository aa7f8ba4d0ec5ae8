/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/reach.h"

#include <inttypes.h>

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
	if (h->scans > 1)
		fprintf(out, ", confirmed after %.1f s", (double)h->apart_ns / 1e9);
	if (h->heap_roots)
		fprintf(out,
			"; %" PRIu64 " bytes of the heap are not known, and were taken for in use",
			h->heap_roots);
	return 1;
}
