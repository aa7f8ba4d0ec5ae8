/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page in one file that needs nothing else, neither a network nor a script to be read: what the
 * report says first, then the stacks, the flame graph, and the account. It is well-formed XML, too.
 */
#include "render/html.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/asset.h"
#include "render/flame.h"
#include "render/format.h"
#include "render/growth.h"
#include "render/memory.h"
#include "render/memory_map.h"
#include "render/profile.h"
#include "render/reach.h"
#include "render/render.h"
#include "render/source.h"
#include "render/words.h"
#include "report/report.h"

#define MAX_SITES 200  /* with frames of their own; the flame graph has all */
#define OPEN_SITES 3   /* whose frames show at once */
#define MAX_BLOCKS 100 /* of a site */

void html__element(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, "<%s%s%s%s>", tag, class ? " class=\"" : "", class ? class : "",
		class ? "\"" : "");
	render__escape_xml(out, text);
	fprintf(out, "</%s>\n", tag);
}

void html__head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head>"
	      "<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
	      /* nothing is fetched, and nothing that a name might smuggle in could be */
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n",
	      out);
	html__element(out, "title", NULL, title);
	fprintf(out, "<style>\n%s</style>\n", asset_page_css);
	flame__style(out);
	fputs("</head><body>\n<a class=\"skip\" href=\"#stacks\">Skip to the "
	      "stacks</a>\n<header>\n",
	      out);
	html__element(out, "h1", NULL, title);
}

static void emit_warning(const char *sentence, void *arg)
{
	html__element(arg, "p", "warn", sentence);
}

static void emit_verdict(FILE *out, const struct report *r)
{
	char line[WORDS_SIZE];
	size_t i;

	fputs("<section class=\"verdict\" aria-label=\"Verdict\">\n", out);
	if (render_reach__lost(line, r)) {
		char sentence[WORDS_SIZE + 8];

		snprintf(sentence, sizeof(sentence), "Lost: %s", line);
		html__element(out, "p", NULL, sentence);
	}
	if (growth__sentence(line, r))
		html__element(out, "p", NULL, line);
	for (i = 0; words__verdict(line, r, i); i++)
		html__element(out, "p", NULL, line);
	growth__curve(out, r, &r->history);
	fputs("</section>\n", out);
	words__warnings(r, emit_warning, out);
	fputs("</header>\n<main>\n", out);
}

/* Lines that are there as text already. */
static void lines(FILE *out, const char *text)
{
	size_t n;

	if (!text)
		return;
	fputs("<pre>", out);
	for (; *text; text += n + (text[n] == '\n')) {
		char *line;

		n = strcspn(text, "\n");
		line = strndup(text, n);
		if (line)
			render__escape_xml(out, line);
		fputc('\n', out);
		free(line);
	}
	fputs("</pre>\n", out);
}

static void emit_frame(FILE *out, const struct report_frame *f)
{
	fputs("<tr><td>", out);
	words__frame(out, f, render__escape_xml);
	if (f->inlined)
		fputs(" <span class=\"dim\">(inlined)</span>", out);
	fputs("</td><td>", out);
	if (f->path || f->file)
		render__escape_xml(out, f->path ? f->path : f->file);
	if ((f->path || f->file) && f->line > 0)
		fprintf(out, ":%d", f->line);
	fputs("</td><td>", out);
	if (f->image)
		render__escape_xml(out, f->image);
	fprintf(out, "</td><td>0x%" PRIx64 "</td></tr>\n", f->addr);
}

void html__stack(FILE *out, const struct report_site *site)
{
	const char *why = site->stack_lost ? "stack unavailable" : site->stack_cut;
	size_t i;

	if (site->n_frames) {
		fputs("<table><caption>Call stack, innermost first</caption><thead><tr>"
		      "<th scope=\"col\">function</th><th scope=\"col\">source</th>"
		      "<th scope=\"col\">object</th><th scope=\"col\">address</th></tr></thead>"
		      "<tbody>\n",
		      out);
		for (i = 0; i < site->n_frames; i++)
			emit_frame(out, &site->frames[i]);
		fputs("</tbody></table>\n", out);
	}
	if (why) {
		fputs("<p class=\"dim\">", out);
		if (!site->stack_lost)
			fputs("stack cut: ", out);
		render__escape_xml(out, why);
		fputs("</p>\n", out);
	}
}

static void emit_blocks(FILE *out, const struct report *r, const struct report_site *site)
{
	char age[FORMAT_AGE_SIZE];
	size_t i, n = site->n_blocks < MAX_BLOCKS ? site->n_blocks : MAX_BLOCKS;

	if (!n)
		return;
	fprintf(out, "<table><caption>%zu of %zu blocks, largest first</caption><thead><tr>", n,
		site->n_blocks);
	fputs("<th scope=\"col\">address</th><th scope=\"col\" class=\"num\">bytes</th>", out);
	fputs(r->combined_only ? "" : "<th scope=\"col\" class=\"num\">age</th>", out);
	fputs(reach__is_judged(&r->reach) ? "<th scope=\"col\">verdict</th>" : "", out);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < n; i++) {
		const struct report_block *b = &site->blocks[i];

		fprintf(out, "<tr><td>0x%" PRIx64 "</td><td class=\"num\">%" PRIu64 "</td>",
			b->addr, b->size);
		if (!r->combined_only)
			fprintf(out, "<td class=\"num\">%s</td>",
				format__age(age, b->age_ns, b->age_ns));
		if (reach__is_judged(&r->reach))
			fprintf(out, "<td>%s</td>", render_reach_kinds[b->reach]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

/* What --profile knows of the site. */
static void emit_profile(FILE *out, const struct report *r, const struct report_site *site)
{
	if (!r->profile || !site->profile)
		return;
	fputs("<p>", out);
	render_profile__site(out, r, site);
	if (site->profile->freed) {
		fputs("; lived ", out);
		render_profile__lived(out, r, site->profile);
	}
	fputs("</p>\n", out);
}

/* By whom what can still be reached is held. */
static void emit_holders(FILE *out, const struct report_site *site)
{
	struct reach_sum rest = render_reach__held_otherwise(site);
	char *text = NULL;
	size_t i, size;

	for (i = 0; i < site->n_holders; i++) {
		FILE *mem = open_memstream(&text, &size);

		if (!mem)
			break;
		fputs("held by ", mem);
		render_reach__holder(mem, &site->holders[i]);
		if (!fclose(mem))
			html__element(out, "p", "dim", text);
		free(text);
	}
	if (rest.count)
		fprintf(out,
			"<p class=\"dim\">held by others: %" PRIu64 " bytes in %" PRIu64
			" allocations</p>\n",
			rest.bytes, rest.count);
}

static void emit_site(FILE *out, const struct report *r, const struct report_site *site, bool open)
{
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], age[FORMAT_AGE_SIZE];
	struct report_measure m = report_site__measure(site, r->view);
	char where[WORDS_SIZE];

	fprintf(out, "<details%s><summary><b>%s bytes</b> in %s %s, ", open ? " open=\"open\"" : "",
		format__number(bytes, m.bytes), format__number(count, m.count),
		render_profile__kind(r->view));
	render__escape_xml(out, words__site(where, site));
	fputs(" <span class=\"dim\">", out);
	render__escape_xml(out, site->entry ? site->entry : "?");
	if (site->note) {
		fputs(", ", out);
		render__escape_xml(out, site->note);
	}
	if (!r->combined_only && site->count)
		fprintf(out, ", age %s", format__age(age, site->youngest_ns, site->oldest_ns));
	if (r->has_delta && site->is_new)
		fputs(", new since the last report", out);
	else if (r->has_delta)
		fprintf(out, ", %+" PRId64 " bytes, %+" PRId64 " allocations since the last report",
			site->bytes_delta, site->count_delta);
	fputs("</span>", out);
	if (growth__verdict(where, &site->verdict))
		fprintf(out, " <span class=\"%s\">%s</span>",
			site->verdict.kind == VERDICT_LEAKING ? "leak" : "dim", where);
	fputs("</summary>\n", out);
	growth__curve(out, r, &site->history);
	emit_profile(out, r, site);
	if (site->bytes_range.low != site->bytes_range.high ||
	    site->count_range.low != site->count_range.high)
		fprintf(out,
			"<p class=\"dim\">estimated from %" PRIu64 " sampled; 95 %%: %" PRIu64
			"–%" PRIu64 " bytes, %" PRIu64 "–%" PRIu64 " allocations</p>\n",
			site->sampled, site->bytes_range.low, site->bytes_range.high,
			site->count_range.low, site->count_range.high);
	if (reach__is_judged(&r->reach)) {
		fprintf(out, "<p%s>", site->reach[REACH_DEFINITE].count ? " class=\"warn\"" : "");
		render_reach__kinds(out, site->reach, &site->under);
		fputs("</p>\n", out);
	}
	emit_holders(out, site);
	lines(out, site->detail);
	html__source(out, site);
	html__stack(out, site);
	emit_blocks(out, r, site);
	lines(out, site->after);
	fputs("</details>\n", out);
}

static void emit_sites(FILE *out, const struct report *r)
{
	struct report_measure rest = report__measure(r, r->view), m;
	size_t i, n = report__viewed(r);
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];

	if (n > MAX_SITES)
		n = MAX_SITES;
	fputs("<section id=\"stacks\" tabindex=\"-1\"><h2>Stacks</h2>\n", out);
	for (i = 0; i < n; i++) {
		emit_site(out, r, &r->sites[i], i < OPEN_SITES);
		m = report_site__measure(&r->sites[i], r->view);
		rest.bytes -= m.bytes < rest.bytes ? m.bytes : rest.bytes;
		rest.count -= m.count < rest.count ? m.count : rest.count;
	}
	if (n < report__n_viewed(r))
		fprintf(out, "<p>… and %zu more with %s bytes in %s %s</p>\n",
			report__n_viewed(r) - n, format__number(a, rest.bytes),
			format__number(b, rest.count), render_profile__kind(r->view));
	if (r->young_count)
		fprintf(out,
			"<p>Not shown: %s bytes in %s allocations younger than %" PRIu64
			" ms</p>\n",
			format__number(a, r->young_bytes), format__number(b, r->young_count),
			r->older_ns / 1000000);
	fputs("</section>\n", out);
}

void html__flame(FILE *out, const struct flame *f, const char *what)
{
	double height = flame__height(f) + 4;

	fprintf(out,
		"<section><h2 id=\"graph\">Flame graph</h2>\n"
		"<p class=\"dim\">%s Click, or Enter, zooms; Escape goes back; arrow keys move; / "
		"searches.</p>\n"
		"<div id=\"flame-bar\" class=\"flbar\"></div>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"flame\" data-top=\"2\" "
		"viewBox=\"0 0 %d %.0f\" width=\"%d\" height=\"%.0f\" role=\"group\" "
		"aria-labelledby=\"graph\">\n",
		what, FLAME_WIDTH, height, FLAME_WIDTH, height);
	flame__draw(out, f, 2);
	fputs("</svg>\n</section>\n", out);
}

static void row(FILE *out, const char *what, uint64_t n)
{
	char number[FORMAT_NUMBER_SIZE];

	fprintf(out, "<tr><th scope=\"row\">%s</th><td class=\"num\">%s</td></tr>\n", what,
		format__number(number, n));
}

static void row_if(FILE *out, const char *what, uint64_t n)
{
	if (n)
		row(out, what, n);
}

/* A paragraph on the whole: what begins it, and what emit says. */
static void sentence(FILE *out, const struct report *r, const char *topic,
		     int (*emit)(FILE *out, const struct report *r))
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);
	int any;

	if (!mem)
		return;
	fputs(topic, mem);
	any = emit(mem, r);
	if (!fclose(mem) && any)
		html__element(out, "p", NULL, text);
	free(text);
}

static void emit_account(FILE *out, const struct report *r)
{
	const struct report_account *a = &r->account;
	size_t i;

	fputs("<section><h2>Accounting</h2>\n<table><caption>All allocations seen, and what became "
	      "of them</caption><tbody>\n",
	      out);
	row(out, "seen", a->seen);
	row(out, "freed", a->freed);
	row_if(out, "… of these, replaced at their address without a free", a->implied);
	row_if(out, "… of these, found free", a->found_free);
	row(out, "outstanding", a->outstanding);
	row(out, "lost", report__lost(a));
	row_if(out, "given up at exec", a->gone_exec);
	row_if(out, "passed over by the sample", a->unsampled);
	if (a->untracked_frees != REPORT_UNTRACKED_UNKNOWN)
		row_if(out, "untracked frees", a->untracked_frees);
	row_if(out, "frees of what was inherited", a->inherited_frees);
	row_if(out, "failed calls", a->failed);
	row_if(out, "calls that never returned", a->abandoned);
	row_if(out, "calls not followed", a->no_slot);
	row_if(out, "outside -z/-Z", a->filtered);
	row(out, a->stacks_sampled ? "stacks taken" : "stacks complete", a->stacks_complete);
	if (!a->stacks_sampled)
		row(out, "stacks cut", a->stacks_cut);
	for (i = 0; i < REPORT_MAX_CUTS; i++) {
		if (!a->cuts[i].count)
			continue;
		fprintf(out, "<tr><th scope=\"row\">… ");
		render__escape_xml(out, a->cuts[i].why);
		fprintf(out, "</th><td class=\"num\">%" PRIu64 "</td></tr>\n", a->cuts[i].count);
	}
	fputs("</tbody></table>\n", out);
	sentence(out, r, "", render_memory__sentence);
	sentence(out, r, "", render_memory__verdict);
	sentence(out, r, "Reachability: ", render_reach__sentence);
	sentence(out, r, "Not traced: ", words__children);
	lines(out, r->checks);
	fputs("</section>\n", out);
}

static void emit_origin_row(FILE *out, const char *what, const char *value)
{
	if (!value)
		return;
	fprintf(out, "<tr><th scope=\"row\">%s</th><td>", what);
	render__escape_xml(out, value);
	fputs("</td></tr>\n", out);
}

static void emit_origin(FILE *out, const struct report *r)
{
	const struct report_origin *o = &r->origin;

	fputs("<section><h2>Where this is from</h2>\n<table><tbody>\n", out);
	emit_origin_row(out, "command", o->command);
	emit_origin_row(out, "host", o->host);
	emit_origin_row(out, "kernel", o->kernel);
	emit_origin_row(out, "machine", o->machine);
	emit_origin_row(out, "memleak-bpf", o->tool);
	fputs("</tbody></table></section>\n", out);
}

static int emit_html(FILE *out, const struct report *r, const struct render_opts *opts)
{
	char title[WORDS_SIZE];
	struct flame *f = NULL;
	int err;

	(void)opts;
	err = flame__new(r, &f);
	if (err)
		return err;
	errno = 0;
	html__head(out, words__title(title, r));
	emit_verdict(out, r);
	emit_sites(out, r);
	if (report__viewed(r))
		html__flame(out, f,
			    "As wide as the bytes that a function and what it called hold.");
	html__memory_map(out, r);
	emit_account(out, r);
	emit_origin(out, r);
	fputs("</main>\n", out);
	if (report__viewed(r))
		flame__script(out, f);
	fputs("</body></html>\n", out);
	flame__free(f);
	return render__end(out);
}

const struct renderer render_html = {
	.name = "html",
	.emit = emit_html,
};
