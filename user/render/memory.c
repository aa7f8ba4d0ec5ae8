/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/memory.h"

#include "render/format.h"
#include "report/report.h"

/* Less than this comes and goes in any process. */
#define NOISE (64 << 10)

static void part(FILE *out, const char *what, uint64_t bytes, int64_t whole)
{
	char size[FORMAT_BYTES_SIZE];

	if (bytes && bytes >= (uint64_t)whole / 100)
		fprintf(out, "; %s %s", what, format__bytes(size, bytes));
}

static void parts(FILE *out, const struct report_memory *m)
{
	char size[FORMAT_BYTES_SIZE];
	int64_t whole = m->uss_delta;

	part(out, "malloc's headers and rounding", m->headers, whole);
	part(out,
	     m->lists_at_least ? "free in malloc's lists, as far as these were read,"
			       : "free in malloc's lists",
	     m->retained, whole);
	part(out,
	     m->lists_known ? "else in malloc's heaps (caches of threads, blocks not followed)"
			    : "else in the heap",
	     m->arenas, whole);
	part(out, "thread stacks", m->stacks, whole);
	part(out, "other anonymous mappings", m->anonymous, whole);
	part(out, "mappings of files, static data and others", m->other, whole);
	if (m->shrunk >= (uint64_t)whole / 100 && m->shrunk)
		fprintf(out, "; less %s by which others shrank", format__bytes(size, m->shrunk));
	if (m->page_tables_delta >= NOISE)
		fprintf(out, "; page tables, which are not in USS, grew by %s",
			format__bytes(size, (uint64_t)m->page_tables_delta));
}

int render_memory__sentence(FILE *out, const struct report *r)
{
	const struct report_memory *m = &r->memory;
	char a[FORMAT_BYTES_SIZE], b[FORMAT_BYTES_SIZE];

	if (!m->known)
		return 0;
	if (m->uss_delta < NOISE && m->uss_delta > -NOISE) {
		fprintf(out, "USS is %s, about as when tracing began (%s)",
			format__bytes(a, m->uss), format__bytes_delta(b, m->uss_delta));
		return 1;
	}
	if (m->uss_delta < 0) {
		fprintf(out, "USS shrank by %s while tracing, to %s",
			format__bytes(a, -(uint64_t)m->uss_delta), format__bytes(b, m->uss));
		return 1;
	}
	fprintf(out, "USS grew by %s while tracing; outstanding allocations explain %s%s",
		format__bytes(a, (uint64_t)m->uss_delta), sampling__is_on(&r->sampling) ? "≈ " : "",
		format__bytes(b, m->explained));
	if (m->explained <= (uint64_t)m->uss_delta)
		fprintf(out, " (%.0f %%)", (double)(uint64_t)(100.0 * m->explained / m->uss_delta));
	parts(out, m);
	return 1;
}

int render_memory__verdict(FILE *out, const struct report *r)
{
	const struct report_memory *m = &r->memory;

	if (!m->known || m->uss_delta < NOISE)
		return 0;
	if (m->retained >= (uint64_t)m->uss_delta / 2) {
		fputs("most of this growth is retained by the allocator, not leaked: free memory "
		      "that malloc keeps for later",
		      out);
		return 1;
	}
	if (!m->lists_known && m->arenas + m->anonymous >= (uint64_t)m->uss_delta / 4) {
		fputs("whether the allocator retains the rest is not known: free lists can be read "
		      "of glibc's malloc only",
		      out);
		return 1;
	}
	return 0;
}
