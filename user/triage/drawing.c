/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/svg.h"
#include "triage/say.h"
#include "triage/screen.h"

#define WIDTH 960
#define MARGIN 20
#define BAR_X 260
#define BAR_WIDTH 390
#define ROW 20
#define MAX_ROWS 10
#define CHART_HEIGHT 260
#define AXIS_X 90

/* A string of what a function prints; the caller frees. NULL: no memory. */
static char *text_of(void (*say)(FILE *out, const struct history *h, const struct finding *f),
		     const struct history *h, const struct finding *f)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	say(out, h, f);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void put_summary(FILE *out, const struct history *h, const struct finding *f)
{
	(void)f;
	screen__summary(out, h);
}

static void put_sentence(FILE *out, const struct history *h, const struct finding *f)
{
	say__subject(out, h, f);
	say__finding(out, h, f);
}

static void put_next(FILE *out, const struct history *h, const struct finding *f)
{
	say__next(out, h, f, "");
}

static char *summary(const struct history *h)
{
	const struct finding none = {0};

	return text_of(put_summary, h, &none);
}

struct bar {
	char label[64];
	double bytes;
	enum hue hue;
	enum trend_kind kind;
	double growth;
};

static double put_bars(FILE *out, double y, const char *heading, const struct bar *bars, size_t n)
{
	double most = 0;
	char size[SAY_SIZE], change[SAY_SIZE], label[64 + 2 * SAY_SIZE];
	size_t i;

	for (i = 0; i < n; i++)
		most = fmax(most, bars[i].bytes);
	svg__text(out, MARGIN, y + ROW, SVG_HEADING, heading);
	y += 2 * ROW;
	for (i = 0; i < n; i++, y += ROW) {
		double width = most > 0 ? fmax(0, bars[i].bytes) / most * BAR_WIDTH : 0;

		svg__text(out, BAR_X - 8, y + 13, SVG_RIGHT, bars[i].label);
		snprintf(label, sizeof(label), "%s, %s: %s", say__bytes(size, bars[i].bytes),
			 say__change(change, bars[i].growth), trend__word(bars[i].kind));
		svg__rect(out, BAR_X, y + 2, width, ROW - 4, bars[i].hue, 1, label);
		svg__text(out, BAR_X + width + 6, y + 13, SVG_LABEL, label);
	}
	return y + ROW;
}

/* The parts of the whole. */
static size_t use_bars(const struct history *h, const struct verdict *v, struct bar *bars)
{
	size_t n = 0;
	int use;

	for (use = 0; use < USE_FREE; use++) {
		if (!h->has_use[use] || !(table__last(&h->uses, use, 0) > 0))
			continue;
		snprintf(bars[n].label, sizeof(bars[n].label), "%s", say__use((enum use)use));
		bars[n].bytes = table__last(&h->uses, use, 0);
		bars[n].hue = screen__use_hue((enum use)use);
		bars[n].kind = v->use[use].kind;
		bars[n].growth = v->use[use].last - v->use[use].first;
		n++;
	}
	return n;
}

static void name_process(const struct history *h, long row, char *to, size_t room)
{
	const struct process *p = &h->process[row];

	snprintf(to, room, "%.40s %d", p->has_stat ? p->stat.comm : "pid", (int)p->pid);
}

static int by_size(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	return a->size < b->size ? 1 : -(a->size > b->size);
}

static size_t process_bars(const struct history *h, const struct verdict *v, struct bar *bars)
{
	struct ranked *sorted = calloc(v->processes.n + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return 0;
	if (v->processes.n)
		memcpy(sorted, v->processes.at, v->processes.n * sizeof(*sorted));
	qsort(sorted, v->processes.n, sizeof(*sorted), by_size);
	for (; n < v->processes.n && n < MAX_ROWS; n++) {
		name_process(h, sorted[n].row, bars[n].label, sizeof(bars[n].label));
		bars[n].bytes = sorted[n].size;
		bars[n].hue = HUE_BLUE;
		bars[n].kind = sorted[n].trend.kind;
		bars[n].growth = sorted[n].growth;
	}
	free(sorted);
	return n;
}

/* Growth since the first sample of those that grew most, over time. */
static double put_growth(FILE *out, double y, const struct history *h, const struct verdict *v)
{
	double *x = calloc(2 * h->samples + 1, sizeof(*x)), *curve = x ? x + h->samples : NULL;
	double most = 0, span = fmax(history__seconds(h), 1e-9),
	       bottom = y + 2 * ROW + CHART_HEIGHT;
	double right = WIDTH - 260;
	size_t n = v->processes.n < MAX_ROWS ? v->processes.n : MAX_ROWS, i, k;
	char label[96], text[SAY_SIZE];

	for (i = 0; i < n; i++)
		most = fmax(most, v->processes.at[i].growth);
	if (!x || !(most > 0))
		goto cleanup;
	svg__text(out, MARGIN, y + ROW, SVG_HEADING, "Growth since the first sample");
	svg__line(out, AXIS_X, bottom, right, bottom);
	svg__line(out, AXIS_X, y + 2 * ROW, AXIS_X, bottom);
	svg__text(out, AXIS_X - 6, y + 2 * ROW + 5, SVG_RIGHT, say__change(text, most));
	svg__text(out, AXIS_X - 6, bottom + 5, SVG_RIGHT, "0");
	svg__text(out, right, bottom + ROW, SVG_RIGHT,
		  h->timed ? say__seconds(text, span) : "samples");
	for (k = 0; k < h->samples; k++)
		x[k] = AXIS_X + (h->times[k] - h->times[0]) / span * (right - AXIS_X);
	for (i = 0; i < n; i++) {
		const struct ranked *r = &v->processes.at[i];
		const double *values = h->processes.row[r->row].values[PROCESS_OWN];

		if (!(r->growth > 0))
			break;
		for (k = 0; k < h->samples; k++)
			curve[k] = bottom -
				   fmax(0, values[k] - (r->size - r->growth)) / most * CHART_HEIGHT;
		svg__curve(out, x, curve, h->samples, (enum hue)(i % HUE_GREY));
		svg__rect(out, right + 16, y + 2 * ROW + (double)i * ROW, 12, 12,
			  (enum hue)(i % HUE_GREY), 1, NULL);
		name_process(h, r->row, label, sizeof(label));
		svg__text(out, right + 34, y + 2 * ROW + (double)i * ROW + 11, SVG_LABEL, label);
	}
	y = bottom + 2 * ROW;
cleanup:
	free(x);
	return y;
}

static void put_picture(FILE *out, const struct history *h, const struct verdict *v, bool in_page)
{
	struct bar uses[USES], processes[MAX_ROWS];
	size_t n_uses = use_bars(h, v, uses), n_processes = process_bars(h, v, processes);
	char *title = summary(h);
	double y = MARGIN;

	svg__open(out, WIDTH, (double)(n_uses + n_processes + 14) * ROW + CHART_HEIGHT + 2 * MARGIN,
		  title ? title : "memleak-bpf triage", in_page);
	if (!in_page && title)
		svg__text(out, MARGIN, y + ROW, SVG_LABEL, title);
	y += 2 * ROW;
	if (n_uses)
		y = put_bars(out, y, "What memory is used for", uses, n_uses);
	if (n_processes)
		y = put_bars(out, y, "Processes, by what only they hold", processes, n_processes);
	put_growth(out, y, h, v);
	svg__close(out);
	free(title);
}

void drawing__svg(FILE *out, const struct history *h, const struct verdict *v)
{
	put_picture(out, h, v, false);
}

static void put_findings(FILE *out, const struct history *h, const struct verdict *v)
{
	size_t i;

	if (!v->n)
		page__text(out, "No leak seen: nothing grows steadily.");
	for (i = 0; i < v->n; i++) {
		char *sentence = text_of(put_sentence, h, &v->finding[i]);
		char *next = text_of(put_next, h, &v->finding[i]);

		if (sentence)
			page__text(out, sentence);
		if (next)
			page__text(out, next);
		free(sentence);
		free(next);
	}
}

static void put_table(FILE *out, const struct history *h, const struct verdict *v)
{
	static const char *const heads[] = {"PID", "name",   "USS and swap", "PSS",
					    "RSS", "growth", "rate",	     "verdict"};
	char pid[16], a[5][SAY_SIZE];
	size_t i;

	page__heading(out, "Processes");
	page__table_begin(out, heads, sizeof(heads) / sizeof(*heads));
	for (i = 0; i < v->processes.n; i++) {
		const struct ranked *r = &v->processes.at[i];
		const struct process *p = &h->process[r->row];
		const char *cells[] = {
			pid,
			p->has_stat ? p->stat.comm : "?",
			say__bytes(a[0], r->size),
			p->exact ? say__bytes(a[1], (double)p->rollup.pss) : "?",
			p->exact ? say__bytes(a[2], (double)p->rollup.rss) : "?",
			say__change(a[3], r->growth),
			r->growth ? say__rate(a[4], h, r->trend.slope) : "",
			trend__word(r->trend.kind),
		};

		snprintf(pid, sizeof(pid), "%d", (int)p->pid);
		page__row(out, cells, sizeof(cells) / sizeof(*cells));
	}
	page__table_end(out);
}

static void put_slab_table(FILE *out, const struct history *h, const struct verdict *v)
{
	static const char *const heads[] = {"cache", "size", "objects", "growth", "verdict"};
	char objects[32], a[2][SAY_SIZE];
	size_t i;

	if (!v->slabs.n)
		return;
	page__heading(out, "Slab caches");
	page__table_begin(out, heads, sizeof(heads) / sizeof(*heads));
	for (i = 0; i < v->slabs.n && i < 50; i++) {
		const struct ranked *r = &v->slabs.at[i];
		double size = (double)h->slab[r->row].pages * (double)h->page_size;
		const char *cells[] = {h->slab[r->row].name, say__bytes(a[0], size), objects,
				       say__change(a[1], r->growth), trend__word(r->trend.kind)};

		snprintf(objects, sizeof(objects), "%llu",
			 (unsigned long long)h->slab[r->row].active);
		page__row(out, cells, sizeof(cells) / sizeof(*cells));
	}
	page__table_end(out);
}

void drawing__html(FILE *out, const struct history *h, const struct verdict *v)
{
	char *title = summary(h);

	page__open(out, "memleak-bpf triage");
	if (title)
		page__text(out, title);
	free(title);
	put_findings(out, h, v);
	put_picture(out, h, v, true);
	if (v->processes.n)
		put_table(out, h, v);
	put_slab_table(out, h, v);
	page__close(out);
}
