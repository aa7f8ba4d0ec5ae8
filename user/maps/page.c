/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "maps/groups.h"
#include "maps/growth.h"
#include "maps/picture.h"
#include "maps/sample.h"
#include "maps/show.h"
#include "render/format.h"
#include "render/svg.h"

#define WIDTH 1180
#define MARGIN 10
#define LABELS 120 /* room for addresses */
#define ROW_HEIGHT 22
#define ROWS 24
#define COLUMNS (WIDTH - 2 * MARGIN - LABELS) /* a pixel a cell */
#define BAR_TOP 40
#define LIMIT_ROWS 2000

static char *name_of(const struct sample *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	/* escaped once here, for the terminal's sake; then for XML */
	show__name(s, out);
	return fclose(out) ? NULL : text;
}

static void tip_of(const struct region *r, char *tip, size_t room)
{
	const struct mapping *m = &r->vma->map;
	char a[FORMAT_BYTES_SIZE], b[FORMAT_BYTES_SIZE];

	snprintf(tip, room, "%" PRIx64 "-%" PRIx64 " %s %s%s%s, %s, in memory %s", m->start, m->end,
		 map_kind__name(r->kind), r->object, *r->detail ? ", " : "", r->detail,
		 format__bytes(a, m->end - m->start), format__bytes(b, smaps__held(r->vma)));
}

/* Cells of one region side by side are one shape. */
static void draw_cells(const struct picture *p, size_t from, size_t to, double y, FILE *out)
{
	char tip[1024];
	size_t i, end;

	for (i = from; i < to; i = end) {
		const struct cell *c = &p->cell[i];
		double x = MARGIN + LABELS + (double)(i - from);

		for (end = i + 1; end < to && p->cell[end].region == c->region &&
				  p->cell[end].fill - c->fill < 0.01 &&
				  c->fill - p->cell[end].fill < 0.01;)
			end++;
		if (!c->region)
			continue;
		tip_of(c->region, tip, sizeof(tip));
		svg__rect(out, x, y, (double)(end - i), ROW_HEIGHT - 5,
			  map_kind__hue(c->region->kind), 0.22, tip);
		if (c->fill > 0)
			svg__rect(out, x, y + (ROW_HEIGHT - 5) * (1 - c->fill), (double)(end - i),
				  (ROW_HEIGHT - 5) * c->fill, map_kind__hue(c->region->kind), 1,
				  tip);
	}
}

static void draw_legend(const struct groups *g, double y, FILE *out)
{
	char text[96], size[FORMAT_BYTES_SIZE];
	double x = MARGIN;
	size_t i;

	for (i = 0; i < g->n; i++) {
		double width;

		if (g->group[i].kind == MAP_RESERVED)
			continue;
		snprintf(text, sizeof(text), "%s %s", map_kind__name(g->group[i].kind),
			 format__bytes(size, g->group[i].held));
		width = 16 + strlen(text) * SVG_CHAR_WIDTH + 18;
		if (x + width > WIDTH - MARGIN) {
			x = MARGIN;
			y += SVG_LINE_HEIGHT + 2;
		}
		svg__rect(out, x, y - 10, 11, 11, map_kind__hue(g->group[i].kind), 1, NULL);
		svg__text(out, x + 16, y, SVG_LABEL, text);
		x += width;
	}
}

/* Who holds what, all of it one bar. */
static void draw_bar(const struct groups *g, FILE *out)
{
	double x = MARGIN, width = WIDTH - 2 * MARGIN;
	char tip[128], size[FORMAT_BYTES_SIZE];
	size_t i;

	for (i = 0; i < g->n && g->total.held; i++) {
		double w = width * g->group[i].held / g->total.held;

		snprintf(tip, sizeof(tip), "%s %s", map_kind__name(g->group[i].kind),
			 format__bytes(size, g->group[i].held));
		svg__rect(out, x, BAR_TOP, w, 18, map_kind__hue(g->group[i].kind), 1, tip);
		x += w;
	}
	svg__frame(out, MARGIN, BAR_TOP, width, 18);
}

static int draw(const struct sample *s, FILE *out, bool inside_page)
{
	char text[200], a[FORMAT_BYTES_SIZE], b[FORMAT_BYTES_SIZE], c[FORMAT_BYTES_SIZE];
	struct groups g = {0};
	struct picture p = {0};
	char *name = name_of(s);
	double y = BAR_TOP + 18 + 24;
	size_t i, rows;
	int err = name ? groups__make(&s->layout, GROUPS_BY_KIND, &g) : -ENOMEM;

	if (!err)
		err = picture__make(&s->layout, COLUMNS, ROWS, &p);
	if (err)
		goto cleanup;
	rows = (p.n + p.columns - 1) / p.columns;
	svg__open(out, WIDTH, y + 60 + rows * ROW_HEIGHT, name, inside_page);
	svg__text(out, MARGIN, 22, SVG_HEADING, name);
	snprintf(text, sizeof(text), "Rss %s, USS %s; %zu mappings; a pixel is %s of addresses",
		 format__bytes(a, s->smaps.sum[SMAPS_RSS]),
		 format__bytes(b, smaps__total_uss(&s->smaps)), s->smaps.n,
		 format__bytes(c, p.cell_bytes));
	svg__text(out, WIDTH - MARGIN, 22, SVG_RIGHT, text);
	draw_bar(&g, out);
	draw_legend(&g, y, out);
	y += 2 * SVG_LINE_HEIGHT + 8;
	for (i = 0; i < p.n; i += p.columns, y += ROW_HEIGHT) {
		snprintf(text, sizeof(text), "%012" PRIx64, p.cell[i].addr);
		svg__text(out, MARGIN, y + 13, SVG_NOTE, text);
		draw_cells(&p, i, i + p.columns < p.n ? i + p.columns : p.n, y, out);
	}
	svg__close(out);
	err = ferror(out) ? -EIO : 0;
cleanup:
	picture__clear(&p);
	groups__clear(&g);
	free(name);
	return err;
}

int page__picture(const struct sample *s, FILE *out)
{
	return draw(s, out, false);
}

static int write_groups(const struct sample *s, enum groups_by by, FILE *out)
{
	static const char *const heads[] = {"kind",	 "object", "mappings", "Size",
					    "Rss",	 "Pss",	   "USS",      "Referenced",
					    "Anonymous", "Swap",   "Locked",   "THP"};
	char cell[12][FORMAT_BYTES_SIZE], count[32];
	struct groups g;
	size_t i;
	int err = groups__make(&s->layout, by, &g);

	if (err)
		return err;
	page__table_begin(out, heads, 12);
	for (i = 0; i < g.n && i < LIMIT_ROWS; i++) {
		const struct group *group = &g.group[i];
		const char *cells[12] = {map_kind__name(group->kind), group->object, count};

		snprintf(count, sizeof(count), "%zu", group->mappings);
		cells[3] = format__bytes(cell[3], group->size);
		cells[4] = format__bytes(cell[4], group->sum[SMAPS_RSS]);
		cells[5] = format__bytes(cell[5], group->sum[SMAPS_PSS]);
		cells[6] = format__bytes(cell[6], group->uss);
		cells[7] = format__bytes(cell[7], group->sum[SMAPS_REFERENCED]);
		cells[8] = format__bytes(cell[8], group->sum[SMAPS_ANONYMOUS]);
		cells[9] = format__bytes(cell[9], group->sum[SMAPS_SWAP]);
		cells[10] = format__bytes(cell[10], group->sum[SMAPS_LOCKED]);
		cells[11] = format__bytes(cell[11], group->sum[SMAPS_ANON_HUGE]);
		page__row(out, cells, 12);
	}
	page__table_end(out);
	if (i < g.n) {
		snprintf(count, sizeof(count), "and %zu more", g.n - i);
		page__text(out, count);
	}
	groups__clear(&g);
	return 0;
}

static int write_growth(const struct sample *first, const struct sample *last, size_t n, FILE *out)
{
	static const char *const heads[] = {"kind", "object", "held", "USS", "Size", "mappings"};
	char held[FORMAT_BYTES_SIZE], uss[FORMAT_BYTES_SIZE], size[FORMAT_BYTES_SIZE], count[24];
	double seconds = 0;
	char *text = NULL;
	size_t i, len;
	struct growth g;
	FILE *mem;
	int err = growth__make(&first->layout, &last->layout, &g);

	if (err)
		return err;
	if (first->time_ns && last->time_ns > first->time_ns)
		seconds = (last->time_ns - first->time_ns) / 1e9;
	mem = open_memstream(&text, &len);
	if (mem) {
		fprintf(mem, "%zu samples in %.1f s: ", n, seconds);
		show__verdict(&g, seconds, mem);
		fclose(mem);
	}
	page__heading(out, "Growth");
	page__text(out, text ? text : "");
	free(text);
	page__table_begin(out, heads, 6);
	for (i = 0; i < g.n_groups && i < LIMIT_ROWS; i++) {
		const struct trend_group *t = &g.group[i];
		const char *cells[] = {map_kind__name(t->kind),
				       t->object,
				       format__bytes_delta(held, t->held),
				       format__bytes_delta(uss, t->uss),
				       format__bytes_delta(size, t->size),
				       count};

		snprintf(count, sizeof(count), "%+" PRId64, t->mappings);
		page__row(out, cells, 6);
	}
	page__table_end(out);
	growth__clear(&g);
	return 0;
}

int page__write(const struct sample *first, const struct sample *s, size_t n, FILE *out)
{
	char *name = name_of(s);
	int err = name ? 0 : -ENOMEM;

	if (err)
		return err;
	page__open(out, name);
	free(name);
	err = draw(s, out, true);
	if (!err && first)
		err = write_growth(first, s, n, out);
	if (!err) {
		page__heading(out, "By kind");
		err = write_groups(s, GROUPS_BY_KIND, out);
	}
	if (!err) {
		page__heading(out, "By object");
		err = write_groups(s, GROUPS_BY_OBJECT, out);
	}
	page__close(out);
	return err ? err : ferror(out) ? -EIO : 0;
}
