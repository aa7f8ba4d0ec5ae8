/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comma-separated values (RFC 4180, but lines end as Unix has them): a line for each site, headings
 * first. What is not known is empty. function to build_id are those of the innermost frame, stack
 * is the whole of it as in folded stacks.
 */
#include "render/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/folded.h"
#include "render/render.h"
#include "report/report.h"

/*
 * Programs take a cell that begins with one of these for a formula, even in quotes, and formulas
 * run commands (OWASP, "CSV Injection"). An apostrophe makes it text.
 */
static bool is_formula(const char *s)
{
	return *s && strchr("=+-@", *s);
}

/* s is printable. */
static void quote(FILE *out, const char *s)
{
	fputs(is_formula(s) ? "\"'" : "\"", out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

int csv__string(FILE *out, const char *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *mem;

	fputc(',', out);
	if (!s)
		return 0;
	mem = open_memstream(&text, &size);
	if (!mem)
		return -ENOMEM;
	render__escape(mem, s);
	if (!fclose(mem))
		quote(out, text);
	free(text);
	return 0;
}

static int emit_stack(FILE *out, const struct report_site *site)
{
	char *text = NULL;
	size_t size = 0;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return -ENOMEM;
	folded__stack(mem, site);
	fputc(',', out);
	if (!fclose(mem))
		quote(out, text);
	free(text);
	return 0;
}

static int emit_frame(FILE *out, const struct report_frame *f)
{
	int err = csv__string(out, f->function);

	if (!err)
		err = csv__string(out, f->path ? f->path : f->file);
	fputc(',', out);
	if (f->line > 0)
		fprintf(out, "%d", f->line);
	if (!err)
		err = csv__string(out, f->image);
	return err ? err : csv__string(out, f->build_id);
}

int csv__place(FILE *out, const struct report_site *site)
{
	static const struct report_frame none;
	int err = csv__string(out, site->entry);

	if (!err)
		err = csv__string(out, site->note);
	if (!err)
		err = emit_frame(out, site->n_frames ? site->frames : &none);
	return err ? err : emit_stack(out, site);
}

static void emit_range(FILE *out, const struct estimate_range *range, uint64_t exact)
{
	bool is_exact = range->low == range->high;

	fprintf(out, ",%" PRIu64 ",%" PRIu64, is_exact ? exact : range->low,
		is_exact ? exact : range->high);
}

static void emit_kinds(FILE *out, const struct report *r, const struct report_site *site)
{
	int kind;

	for (kind = REACH_KINDS; kind-- > 0;)
		if (reach__is_judged(&r->reach))
			fprintf(out, ",%" PRIu64 ",%" PRIu64, site->reach[kind].bytes,
				site->reach[kind].count);
		else
			fputs(",,", out);
}

static void emit_profile(FILE *out, const struct report_profile *p)
{
	if (p)
		fprintf(out,
			",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
			",%" PRIu64 ",%" PRIu64,
			p->bytes, p->count, p->freed_bytes, p->freed, p->peak_bytes, p->peak_count,
			p->temporary_bytes, p->temporary);
	else
		fputs(",,,,,,,,", out);
}

static int emit_site(FILE *out, const struct report *r, const struct report_site *site)
{
	int err;

	fprintf(out, "%" PRIu64 ",%" PRIu64, site->bytes, site->count);
	emit_range(out, &site->bytes_range, site->bytes);
	emit_range(out, &site->count_range, site->count);
	if (r->has_delta)
		fprintf(out, ",%" PRId64 ",%" PRId64, site->bytes_delta, site->count_delta);
	else
		fputs(",,", out);
	if (r->combined_only || !site->count)
		fputs(",,", out);
	else
		fprintf(out, ",%" PRIu64 ",%" PRIu64, site->youngest_ns, site->oldest_ns);
	err = csv__place(out, site);
	emit_kinds(out, r, site);
	fprintf(out, ",\"%s\",\"%s\",%u,%" PRIu64, site_verdict__word(site->verdict.kind),
		site_verdict__reason(site->verdict.reason), site->verdict.sure,
		site->verdict.bytes_per_hour);
	emit_profile(out, site->profile);
	fputc('\n', out);
	return err;
}

static int emit_csv(FILE *out, const struct report *r, const struct render_opts *opts)
{
	int err = 0;
	size_t i;

	(void)opts;
	errno = 0;
	fputs("bytes,count,bytes_low,bytes_high,count_low,count_high,bytes_delta,count_delta,"
	      "youngest_ns,oldest_ns," CSV_PLACE ","
	      "definite_bytes,definite_count,indirect_bytes,indirect_count,possible_bytes,"
	      "possible_count,reachable_bytes,reachable_count,unjudged_bytes,unjudged_count,"
	      "verdict,verdict_why,verdict_sure,bytes_per_hour,"
	      "total_bytes,total_count,freed_bytes,freed_count,peak_bytes,peak_count,"
	      "temporary_bytes,temporary_count\n",
	      out);
	for (i = 0; !err && i < r->n_sites; i++)
		err = emit_site(out, r, &r->sites[i]);
	return err ? err : render__end(out);
}

const struct renderer render_csv = {
	.name = "csv",
	.emit = emit_csv,
};
