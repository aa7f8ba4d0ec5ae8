/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/memory_map.h"

#include <inttypes.h>

#include "render/format.h"
#include "render/render.h"
#include "report/report.h"

#define BAR_WIDTH 240

static void cell(FILE *out, uint64_t bytes)
{
	char number[FORMAT_NUMBER_SIZE], short_form[FORMAT_BYTES_SIZE];

	fprintf(out, "<td class=\"num\" title=\"%s bytes\">%s</td>", format__number(number, bytes),
		format__bytes(short_form, bytes));
}

static void emit_row(FILE *out, const struct report_map *m, uint64_t most)
{
	double width = most ? BAR_WIDTH * ((double)m->held / (double)most) : 0;
	double own = most ? BAR_WIDTH * ((double)m->uss / (double)most) : 0;

	fputs("<tr><th scope=\"row\">", out);
	render__escape_xml(out, m->kind ? m->kind : "?");
	fprintf(out, "</th><td class=\"num\">%" PRIu64 "</td>", m->mappings);
	cell(out, m->size);
	cell(out, m->held);
	cell(out, m->uss);
	/* what is read to people is in the cells before */
	fprintf(out,
		"<td><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mm\" aria-hidden=\"true\" "
		"width=\"%d\" height=\"12\"><rect class=\"all\" width=\"%.1f\" height=\"12\"/>"
		"<rect class=\"own\" width=\"%.1f\" height=\"12\"/></svg></td></tr>\n",
		BAR_WIDTH, width, own < width ? own : width);
}

void html__memory_map(FILE *out, const struct report *r)
{
	size_t i, n = r->n_map < REPORT_MAX_MAP ? r->n_map : REPORT_MAX_MAP;
	uint64_t most = 0;

	if (!n)
		return;
	for (i = 0; i < n; i++)
		if (r->map[i].held > most)
			most = r->map[i].held;
	fputs("<section><h2>Memory map</h2>\n<table><caption>The mappings of the process by kind: "
	      "address space, what they hold in memory or swapped out, and what of it no other "
	      "process maps</caption><thead><tr><th scope=\"col\">kind</th>"
	      "<th scope=\"col\" class=\"num\">mappings</th>"
	      "<th scope=\"col\" class=\"num\">size</th><th scope=\"col\" class=\"num\">held</th>"
	      "<th scope=\"col\" class=\"num\">own</th><th></th></tr></thead><tbody>\n",
	      out);
	for (i = 0; i < n; i++)
		emit_row(out, &r->map[i], most);
	fputs("</tbody></table></section>\n", out);
}
