/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/screen.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/bars.h"
#include "render/render.h"
#include "triage/say.h"
#include "triage/screen_priv.h"

#define BRIEF_LINES 25
#define BRIEF_FINDINGS 3
#define BRIEF_USES 6 /* less where there is more to say */
#define MIN_USES 3
#define BRIEF_PROCESSES 2 /* at least */
#define SMALL 0.002	  /* of memory: not worth a line of a small screen unless it grows */
#define SPARK 16

enum hue screen__use_hue(enum use use)
{
	static const enum hue hues[USES] = {
		[USE_ANON] = HUE_BLUE,	   [USE_FILE] = HUE_GREEN,
		[USE_SHMEM] = HUE_ORANGE,  [USE_SLAB_SHRINKS] = HUE_CYAN,
		[USE_SLAB] = HUE_PURPLE,   [USE_PAGE_TABLES] = HUE_YELLOW,
		[USE_STACKS] = HUE_YELLOW, [USE_VMALLOC] = HUE_PINK,
		[USE_PERCPU] = HUE_PINK,   [USE_HUGETLB] = HUE_BROWN,
		[USE_OTHER] = HUE_BROWN,   [USE_UNACCOUNTED] = HUE_RED,
		[USE_FREE] = HUE_GREY,	   [USE_SOCKETS] = HUE_YELLOW,
		[USE_SWAP] = HUE_BROWN,	   [USE_AVAILABLE] = HUE_GREY,
	};

	return hues[use];
}

void screen__heading(const struct screen *s, const char *text)
{
	bars__bold(s->out, s->opts.color);
	fputs(text, s->out);
	bars__end(s->out, s->opts.color);
	fputc('\n', s->out);
}

void screen__verdict(const struct screen *s, enum trend_kind kind)
{
	if (kind == TREND_GROWING)
		bars__begin(s->out, s->opts.color, HUE_RED);
	else if (kind == TREND_FLAT || kind == TREND_SHRINKING || kind == TREND_UNKNOWN)
		bars__dim(s->out, s->opts.color);
	fprintf(s->out, "%-16s", s->h->samples > 1 ? trend__word(kind) : "");
	if (kind != TREND_STOPPED && kind != TREND_NOISY)
		bars__end(s->out, s->opts.color);
}

void screen__spark(const struct screen *s, const double *values, enum trend_kind kind,
		   unsigned int width)
{
	double picked[SPARK];
	size_t n = s->h->samples, i;

	if (n > width)
		n = width;
	if (n > SPARK)
		n = SPARK;
	for (i = 0; i < n; i++)
		picked[i] = values[n > 1 ? i * (s->h->samples - 1) / (n - 1) : 0];
	/* Scaled to its range, what does not matter would look like a mountain. */
	for (i = 0; kind == TREND_FLAT && i < n; i++)
		picked[i] = isnan(picked[i]) ? NAN : 0;
	bars__spark(s->out, picked, n);
}

void screen__summary(FILE *out, const struct history *h)
{
	char total[SAY_SIZE], available[SAY_SIZE], span[SAY_SIZE];
	bool estimated;

	fprintf(out, "%zu sample%s", h->samples, h->samples == 1 ? "" : "s");
	if (h->timed && h->samples > 1)
		fprintf(out, " in %s", say__seconds(span, history__seconds(h)));
	if (h->has_meminfo) {
		uint64_t bytes = meminfo__available(&h->meminfo, &estimated);

		fprintf(out, ": %s of memory, %s available%s",
			say__bytes(total, (double)h->meminfo.value[MEM_TOTAL]),
			say__bytes(available, (double)bytes), estimated ? " (estimate)" : "");
	}
	if (h->seen)
		fprintf(out, ", %zu process%s", h->seen, h->seen == 1 ? "" : "es");
	if (*h->release) {
		fputs(", Linux ", out);
		render__escape(out, h->release);
	}
}

/* What grew and stopped, or only seems to be a leak, when there is nothing worse to say. */
static void put_harmless(const struct screen *s)
{
	const struct verdict *v = s->v;
	char text[SAY_SIZE];
	size_t i;

	for (i = 0; i < v->processes.n; i++) {
		const struct ranked *r = &v->processes.at[i];
		const struct finding f = {FOUND_PROCESS, .row = r->row};

		if (r->trend.kind != TREND_STOPPED || s->h->process[r->row].pid == s->h->self)
			continue;
		fputs("no leak  ", s->out);
		say__subject(s->out, s->h, &f);
		fprintf(s->out, " grew by %s and stopped: a cache or a warm-up\n",
			say__bytes(text, r->growth));
		break;
	}
	if (v->use[USE_FILE].kind == TREND_GROWING && (!v->n || s->opts.all))
		fprintf(s->out, "no leak  the page cache grows, %s: it is given back when needed\n",
			say__rate(text, s->h, v->use[USE_FILE].slope));
}

static void put_findings(const struct screen *s)
{
	size_t most = s->opts.all ? VERDICT_MAX_FINDINGS : BRIEF_FINDINGS, i;
	const struct verdict *v = s->v;

	for (i = 0; i < v->n && i < most; i++) {
		bars__begin(s->out, s->opts.color, v->finding[i].young ? HUE_ORANGE : HUE_RED);
		bars__bold(s->out, s->opts.color);
		fputs(v->finding[i].young ? "young    " : "GROWING  ", s->out);
		say__subject(s->out, s->h, &v->finding[i]);
		bars__end(s->out, s->opts.color);
		say__finding(s->out, s->h, &v->finding[i]);
		fputc('\n', s->out);
	}
	if (v->n > most)
		fprintf(s->out, "         and %zu more (--all)\n", v->n - most);
	if (s->h->samples == 1)
		fputs("One sample shows what is there, not what grows.\n", s->out);
	else if (s->h->samples < 5)
		fputs("With fewer than 5 samples growth cannot be told from chance.\n", s->out);
	else if (!v->n)
		fputs("No leak seen: nothing grows steadily. What is slow shows with --for 1h.\n",
		      s->out);
	put_harmless(s);
}

static double total(const struct history *h)
{
	return (double)h->meminfo.value[MEM_TOTAL];
}

/* Where there is no colour the parts of the bar are told by these. */
static char letter(enum use use)
{
	static const char letters[USES] = {
		[USE_ANON] = 'p',	  [USE_FILE] = 'f',    [USE_SHMEM] = 'm',
		[USE_SLAB_SHRINKS] = 'r', [USE_SLAB] = 's',    [USE_PAGE_TABLES] = 't',
		[USE_STACKS] = 'k',	  [USE_VMALLOC] = 'v', [USE_PERCPU] = 'c',
		[USE_HUGETLB] = 'h',	  [USE_OTHER] = 'o',   [USE_UNACCOUNTED] = 'u',
	};

	return letters[use] ? letters[use] : ' ';
}

static void put_whole(const struct screen *s)
{
	/* First what only the end of a process or of the machine gives back. */
	static const enum use parts[] = {USE_ANON,	  USE_SHMEM,	   USE_SLAB,
					 USE_PAGE_TABLES, USE_STACKS,	   USE_VMALLOC,
					 USE_PERCPU,	  USE_HUGETLB,	   USE_UNACCOUNTED,
					 USE_FILE,	  USE_SLAB_SHRINKS};
	struct bars_part bar[sizeof(parts) / sizeof(*parts)];
	unsigned int width = s->opts.columns > 104 ? 100 : s->opts.columns - 4;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		double bytes = s->h->has_use[parts[i]] ? table__last(&s->h->uses, parts[i], 0) : 0;

		bar[i] = (struct bars_part){.share = bytes > 0 ? bytes / total(s->h) : 0,
					    .hue = screen__use_hue(parts[i]),
					    .letter = letter(parts[i])};
	}
	fputs("  ", s->out);
	bars__stack(s->out, s->opts.color, bar, sizeof(parts) / sizeof(*parts), width);
	fputc('\n', s->out);
}

static const char *comment(enum use use)
{
	switch (use) {
	case USE_FILE:
	case USE_SLAB_SHRINKS:
		return "can be had back";
	case USE_SHMEM:
		return "cannot be dropped";
	default:
		return "";
	}
}

static void put_use(const struct screen *s, enum use use)
{
	const struct trend *t = &s->v->use[use];
	double slope = use == USE_AVAILABLE ? -t->slope : t->slope;
	char size[SAY_SIZE], rate[SAY_SIZE];

	fprintf(s->out, "%c %-21s %10s %14s  ", s->opts.color ? ' ' : letter(use), say__use(use),
		say__bytes(size, table__last(&s->h->uses, use, 0)),
		t->kind == TREND_FLAT || s->h->samples < 2 ? "" : say__rate(rate, s->h, slope));
	if (use == USE_AVAILABLE && t->kind == TREND_GROWING)
		fputs("shrinking       ", s->out);
	else if (use == USE_AVAILABLE && t->kind == TREND_SHRINKING)
		fputs("growing         ", s->out);
	else
		screen__verdict(s, t->kind);
	fputc(' ', s->out);
	screen__spark(s, s->h->uses.row[use].values[0], t->kind, 8);
	fputs("  ", s->out);
	bars__bar(s->out, s->opts.color, screen__use_hue(use),
		  table__last(&s->h->uses, use, 0) / total(s->h), 10);
	fprintf(s->out, " %s\n", comment(use));
}

static bool is_worth_a_line(const struct screen *s, enum use use)
{
	if (!s->h->has_use[use])
		return false;
	if (s->opts.all)
		return true;
	if (use == USE_FREE || use == USE_SWAP || use == USE_SOCKETS || use == USE_AVAILABLE)
		return s->v->use[use].kind == TREND_GROWING;
	return s->v->use[use].kind == TREND_GROWING ||
	       table__last(&s->h->uses, use, 0) > SMALL * total(s->h);
}

/* Of two lines, is a the one to keep? What grows, and then what is large. */
static bool matters_more(const struct screen *s, enum use a, enum use b)
{
	bool a_grows = s->v->use[a].kind == TREND_GROWING;
	bool b_grows = s->v->use[b].kind == TREND_GROWING;

	if (a_grows != b_grows)
		return a_grows;
	return table__last(&s->h->uses, a, 0) > table__last(&s->h->uses, b, 0);
}

static void put_uses(const struct screen *s)
{
	size_t before;
	int use, other;

	if (!s->h->has_meminfo)
		return;
	fputc('\n', s->out);
	screen__heading(s, "Memory                      size           rate  verdict          "
			   "samples   of the whole");
	put_whole(s);
	for (use = 0; use < USES; use++) {
		if (!is_worth_a_line(s, use))
			continue;
		before = 0;
		for (other = 0; other < USES; other++)
			before += other != use && is_worth_a_line(s, other) &&
				  matters_more(s, other, use);
		if (s->opts.all || before < s->uses)
			put_use(s, use);
	}
}

/* What to type. */
static void put_next(const struct screen *s)
{
	size_t most = s->opts.all ? 4 : 2, i;

	if (!s->v->n)
		return;
	screen__heading(s, "Next");
	for (i = 0; i < s->v->n && i < most; i++)
		say__next(s->out, s->h, &s->v->finding[i], "  ");
}

static void put_unseen(const struct screen *s)
{
	const struct history *h = s->h;

	if (h->denied)
		fprintf(s->out,
			"%zu process%s may not be looked into: sizes with ~ are estimates (RSS "
			"less "
			"shared).%s\n",
			h->denied, h->denied == 1 ? "" : "es",
			h->uid ? " As root all is seen." : "");
	if (h->hidden)
		fputs("/proc hides other users' processes (hidepid): run this as root.\n", s->out);
	if (h->bad)
		fprintf(s->out, "%zu texts made no sense and were left out.\n", h->bad);
}

/* Into memory, to know how many lines it has. NULL: no memory. */
static char *draw(const struct screen *s, void (*draw)(const struct screen *s), size_t *lines)
{
	struct screen copy = *s;
	char *text = NULL, *c;
	size_t len;

	copy.out = open_memstream(&text, &len);
	if (!copy.out)
		return NULL;
	draw(&copy);
	if (fclose(copy.out)) {
		free(text);
		return NULL;
	}
	*lines = 0;
	for (c = text; *c; c++)
		*lines += *c == '\n';
	return text;
}

static void put_top(const struct screen *s)
{
	screen__summary(s->out, s->h);
	fputc('\n', s->out);
	put_findings(s);
	put_uses(s);
}

static void put_bottom(const struct screen *s)
{
	size_t rows = s->opts.top ? s->opts.top : s->opts.all ? 10 : 2;

	if (s->slabs)
		screen__slabs(s, rows);
	screen__segments(s, rows);
	if (s->opts.all)
		screen__details(s);
	put_unseen(s);
	put_next(s);
}

void screen__print(FILE *out, const struct history *h, const struct verdict *v,
		   const struct screen_opts *opts)
{
	struct screen s = {out, h, v, *opts, .uses = BRIEF_USES, .slabs = true};
	size_t above = 0, below = 0, others, rows;
	char *top, *bottom;

	if (!h->samples)
		return;
	top = draw(&s, put_top, &above);
	bottom = draw(&s, put_bottom, &below);
	/* The blank line, the heading and the sums of processes are three. */
	while (!opts->all && above + below + 3 + BRIEF_PROCESSES > BRIEF_LINES &&
	       s.uses > MIN_USES) {
		s.uses--;
		s.slabs = false;
		free(top);
		free(bottom);
		top = draw(&s, put_top, &above);
		bottom = draw(&s, put_bottom, &below);
	}
	others = above + below + 3;
	rows = others + BRIEF_PROCESSES < BRIEF_LINES ? BRIEF_LINES - others : BRIEF_PROCESSES;
	if (opts->top || opts->all)
		rows = opts->top ? opts->top : 10;
	if (top)
		fputs(top, out);
	screen__processes(&s, rows);
	if (bottom)
		fputs(bottom, out);
	free(top);
	free(bottom);
}
