/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as text, for people and for scripts: the line of a site is that of bcc's memleak,
 * numbers in it have no separators.
 */
#include "render/render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/format.h"
#include "render/gate.h"
#include "render/growth.h"
#include "render/memory.h"
#include "render/profile.h"
#include "render/reach.h"
#include "render/text.h"
#include "render/words.h"
#include "report/report.h"

enum style {
	STYLE_BYTES,
	STYLE_FUNCTION,
	STYLE_LINE,
	STYLE_DIM,
	STYLE_WARNING,
};

struct text {
	FILE *out;
	bool color;
	size_t shown; /* sites */
	char stamp[sizeof("[00:00:00] ")];
};

/* SGR sequences, console_codes(4). */
static void begin(const struct text *t, enum style style)
{
	static const char *const codes[] = {
		[STYLE_BYTES] = "\033[1m", [STYLE_FUNCTION] = "\033[36m", [STYLE_LINE] = "\033[32m",
		[STYLE_DIM] = "\033[2m",   [STYLE_WARNING] = "\033[33m",
	};

	if (t->color)
		fputs(codes[style], t->out);
}

static void end(const struct text *t)
{
	if (t->color)
		fputs("\033[0m", t->out);
}

static void styled(const struct text *t, enum style style, const char *s)
{
	begin(t, style);
	render__escape(t->out, s);
	end(t);
}

static void stamp(const struct text *t)
{
	styled(t, STYLE_DIM, t->stamp);
}

/* "[vdso]" is a label: it brings its brackets along. */
static void emit_image_name(const struct text *t, const char *image)
{
	size_t n = strlen(image);
	char label[128];

	if (n > 2 && n < sizeof(label) && image[0] == '[' && image[n - 1] == ']') {
		memcpy(label, image + 1, n - 2);
		label[n - 2] = '\0';
		render__escape(t->out, label);
	} else {
		render__escape(t->out, image);
	}
}

static void emit_frame(const struct text *t, const struct report_frame *f)
{
	begin(t, STYLE_DIM);
	fprintf(t->out, "\t\t0x%016" PRIx64, f->addr);
	end(t);
	fputc(' ', t->out);
	if (f->function) {
		begin(t, STYLE_FUNCTION);
		render__escape(t->out, f->function);
		end(t);
		/* An inlined call has no start of its own to count from. */
		if (!f->inlined)
			fprintf(t->out, "+0x%" PRIx64, f->offset);
	} else {
		fputs("??", t->out);
	}
	if (f->file) {
		fputc(' ', t->out);
		begin(t, STYLE_LINE);
		render__escape(t->out, f->file);
		if (f->line > 0)
			fprintf(t->out, ":%d", f->line);
		end(t);
	}
	if (f->image) {
		fputc(' ', t->out);
		begin(t, STYLE_DIM);
		fputc('[', t->out);
		emit_image_name(t, f->image);
		/* enough for addr2line later */
		if (!f->function && f->image_vaddr)
			fprintf(t->out, "+0x%" PRIx64, f->image_vaddr);
		fputc(']', t->out);
		end(t);
	}
	if (f->inlined)
		fputs(" (inlined)", t->out);
	fputc('\n', t->out);
}

static void emit_stack(const struct text *t, const struct report_site *site)
{
	size_t i;

	if (site->stack_lost) {
		fputs("\t\t[stack unavailable]\n", t->out);
		return;
	}
	for (i = 0; i < site->n_frames; i++)
		emit_frame(t, &site->frames[i]);
	if (!site->stack_cut)
		return;
	fputs("\t\t", t->out);
	styled(t, STYLE_DIM, "[stack cut: ");
	styled(t, STYLE_DIM, site->stack_cut);
	styled(t, STYLE_DIM, "]");
	fputc('\n', t->out);
}

void text__stack(FILE *out, bool color, const struct report_site *site)
{
	const struct text t = {.out = out, .color = color};

	emit_stack(&t, site);
}

static void emit_entry(const struct text *t, const struct report *r, const struct report_site *site)
{
	char age[FORMAT_AGE_SIZE];

	fputs("\t\t", t->out);
	render__escape(t->out, site->entry ? site->entry : "?");
	if (site->note) {
		fputs(" (", t->out);
		render__escape(t->out, site->note);
		fputc(')', t->out);
	}
	if (!r->combined_only && site->count)
		fprintf(t->out, " → age %s", format__age(age, site->youngest_ns, site->oldest_ns));
	fputc('\n', t->out);
}

static bool is_exact(const struct estimate_range *range)
{
	return range->low == range->high;
}

/*
 * Error bars. Of what is drawn they hold always; of the other figure only if what was not sampled
 * has sizes like those sampled: among large blocks any number of tiny ones goes unseen.
 */
static void emit_ranges(const struct text *t, const struct report *r,
			const struct report_site *site)
{
	bool by_bytes = r->sampling.bytes;
	const struct estimate_range *sure = by_bytes ? &site->bytes_range : &site->count_range;
	const struct estimate_range *other = by_bytes ? &site->count_range : &site->bytes_range;

	if (is_exact(sure) && is_exact(other))
		return;
	fprintf(t->out,
		"\t\t≈ 95 %%: %" PRIu64 "–%" PRIu64 " %s; %" PRIu64 "–%" PRIu64
		" %s, if of sizes like the %" PRIu64 " sampled\n",
		sure->low, sure->high, by_bytes ? "bytes" : "allocations", other->low, other->high,
		by_bytes ? "allocations" : "bytes", site->sampled);
}

/* Lines that are there as text already. before: what each begins with; NULL: the time. */
static void emit_lines(const struct text *t, const char *lines, const char *before)
{
	size_t n;

	for (; lines && *lines; lines += n + (lines[n] == '\n')) {
		char *line;

		n = strcspn(lines, "\n");
		line = strndup(lines, n);
		if (!line)
			break;
		if (before)
			fputs(before, t->out);
		else
			stamp(t);
		render__escape(t->out, line);
		fputc('\n', t->out);
		free(line);
	}
}

static void emit_judged(const struct text *t, const struct report *r,
			const struct report_site *site)
{
	bool lost = site->reach[REACH_DEFINITE].count;

	if (!reach__is_judged(&r->reach))
		return;
	fputs("\t\t", t->out);
	begin(t, lost ? STYLE_WARNING : STYLE_DIM);
	render_reach__kinds(t->out, site->reach, &site->under);
	end(t);
	fputc('\n', t->out);
}

/* By whom what can still be reached is held. */
static void emit_holders(const struct text *t, const struct report_site *site)
{
	struct reach_sum rest = render_reach__held_otherwise(site);
	char *text = NULL;
	size_t i, size;

	for (i = 0; i < site->n_holders; i++) {
		FILE *mem = open_memstream(&text, &size);

		if (!mem)
			return;
		render_reach__holder(mem, &site->holders[i]);
		if (!fclose(mem)) {
			fputs("\t\theld by ", t->out);
			render__escape(t->out, text);
			fputc('\n', t->out);
		}
		free(text);
	}
	if (rest.count)
		fprintf(t->out,
			"\t\theld by others: %" PRIu64 " bytes in %" PRIu64 " allocations\n",
			rest.bytes, rest.count);
}

/* Does it leak? What is sure of the whole is in the line below the first. */
static void emit_verdict(const struct text *t, const struct report *r,
			 const struct report_site *site)
{
	char line[WORDS_SIZE];

	if (!growth__verdict(line, &site->verdict))
		return;
	fputs("\t\t", t->out);
	begin(t, site->verdict.kind == VERDICT_LEAKING ? STYLE_WARNING : STYLE_DIM);
	fputs(line, t->out);
	growth__spark(t->out, r, &site->history);
	end(t);
	fputc('\n', t->out);
}

static void emit_suppressed(const struct text *t, const struct report *r,
			    const struct report_site *site)
{
	if (!site->suppressor)
		return;
	fputs("\t\t", t->out);
	begin(t, STYLE_DIM);
	render_gate__site(t->out, r, site);
	end(t);
	fputc('\n', t->out);
}

/* What one wants to know first: is it leaking, how fast, and where? */
static void emit_leaks(const struct text *t, const struct report *r)
{
	char line[WORDS_SIZE];

	if (!growth__sentence(line, r))
		return;
	stamp(t);
	fputs("verdict: ", t->out);
	begin(t, r->verdicts[VERDICT_LEAKING].stacks ? STYLE_WARNING : STYLE_DIM);
	render__escape(t->out, line);
	end(t);
	growth__spark(t->out, r, &r->history);
	fputc('\n', t->out);
}

/* And of a command that has ended: what has it lost, and where? */
static void emit_lost(const struct text *t, const struct report *r)
{
	char line[WORDS_SIZE];

	if (!render_reach__lost(line, r))
		return;
	stamp(t);
	fputs("lost: ", t->out);
	begin(t, r->reach.sum[REACH_DEFINITE].count ? STYLE_WARNING : STYLE_DIM);
	render__escape(t->out, line);
	end(t);
	fputc('\n', t->out);
}

static void emit_gate(const struct text *t, const struct report *r)
{
	if (!r->gate.verdict)
		return;
	stamp(t);
	styled(t, r->gate.state == GATE_PASS ? STYLE_LINE : STYLE_WARNING, r->gate.verdict);
	fputc('\n', t->out);
}

static void emit_gate_line(const char *line, void *arg)
{
	const struct text *t = arg;

	stamp(t);
	render__escape(t->out, line);
	fputc('\n', t->out);
}

/* What --profile knows of the site. */
static void emit_profile(const struct text *t, const struct report *r,
			 const struct report_site *site)
{
	if (!r->profile || !site->profile)
		return;
	fputs("\t\t", t->out);
	render_profile__site(t->out, r, site);
	fputc('\n', t->out);
	if (!site->profile->freed)
		return;
	fputs("\t\tlived ", t->out);
	render_profile__lived(t->out, r, site->profile);
	fputc('\n', t->out);
}

static void emit_site(const struct text *t, const struct report *r, const struct report_site *site)
{
	char age[FORMAT_AGE_SIZE], measure[WORDS_SIZE];
	size_t i;

	fputc('\t', t->out);
	styled(t, STYLE_BYTES,
	       render_profile__measure(measure, report_site__measure(site, r->view), r->view));
	fputs(" from stack", t->out);
	if (r->has_delta && site->is_new)
		fputs(", new since the last report", t->out);
	else if (r->has_delta)
		fprintf(t->out,
			", %+" PRId64 " bytes, %+" PRId64 " allocations since the last report",
			site->bytes_delta, site->count_delta);
	fputc('\n', t->out);
	emit_entry(t, r, site);
	emit_verdict(t, r, site);
	emit_profile(t, r, site);
	emit_judged(t, r, site);
	emit_holders(t, site);
	emit_suppressed(t, r, site);
	emit_ranges(t, r, site);
	emit_lines(t, site->detail, "\t\t");
	emit_stack(t, site);
	for (i = 0; i < site->n_blocks; i++) {
		const struct report_block *b = &site->blocks[i];

		fprintf(t->out, "\t\taddr = 0x%" PRIx64 " size = %" PRIu64, b->addr, b->size);
		if (b->stands_for > 1)
			fprintf(t->out, " stands for ≈ %" PRIu64, b->stands_for);
		if (reach__is_judged(&r->reach))
			fprintf(t->out, " %s", render_reach_kinds[b->reach]);
		if (!r->combined_only)
			fprintf(t->out, " age = %s", format__age(age, b->age_ns, b->age_ns));
		fputc('\n', t->out);
	}
	emit_lines(t, site->after, "\t\t");
}

/* That the figures are estimates, and how far the true ones may be away. */
static void emit_estimate(const struct text *t, const struct report *r)
{
	bool by_bytes = r->sampling.bytes;
	const struct estimate_range *sure = by_bytes ? &r->bytes_range : &r->count_range;
	char low[FORMAT_NUMBER_SIZE], high[FORMAT_NUMBER_SIZE];

	fprintf(t->out, " (≈ estimated from %s sampled", format__number(low, r->sampled));
	if (!is_exact(sure))
		fprintf(t->out, "; 95 %%: %s–%s %s", format__number(low, sure->low),
			format__number(high, sure->high), by_bytes ? "bytes" : "allocations");
	fputc(')', t->out);
}

/* With --follow there are several reports. */
static void emit_whose(const struct text *t, const struct report *r)
{
	if (r->n_processes) {
		fprintf(t->out, "; all of %zu processes", r->n_processes);
	} else if (r->followed) {
		fprintf(t->out, "; process %d ", r->pid);
		render__escape(t->out, r->comm ? r->comm : "?");
	}
}

static void emit_header(const struct text *t, const struct report *r)
{
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], stacks[FORMAT_NUMBER_SIZE];

	stamp(t);
	begin(t, STYLE_BYTES);
	fprintf(t->out, "%s bytes in %s allocations outstanding, %s %s%s",
		format__number(bytes, r->bytes), format__number(count, r->count),
		format__number(stacks, r->n_stacks), words__site_name(r),
		r->n_stacks == 1 ? "" : "s");
	/* At the end, so that scripts find the figures where they always are. */
	if (sampling__is_on(&r->sampling))
		emit_estimate(t, r);
	emit_whose(t, r);
	end(t);
	fputc('\n', t->out);
}

static void emit_profile_head(const struct text *t, const struct report *r)
{
	if (!r->profile)
		return;
	stamp(t);
	fputs("profile: ", t->out);
	render_profile__report(t->out, r);
	fputc('\n', t->out);
}

static void emit_hidden(const struct text *t, const struct report *r)
{
	struct report_measure rest = report__measure(r, r->view), m;
	size_t i, n = report__n_viewed(r) - t->shown;
	char measure[WORDS_SIZE];

	if (t->shown < report__n_viewed(r)) {
		for (i = 0; i < t->shown; i++) {
			m = report_site__measure(&r->sites[i], r->view);
			/* shares of a peak that several threads made may be a block too large */
			rest.bytes -= m.bytes < rest.bytes ? m.bytes : rest.bytes;
			rest.count -= m.count < rest.count ? m.count : rest.count;
		}
		fprintf(t->out, "\t... and %zu more %s%s with %s (-T 0 shows all)\n", n,
			words__site_name(r), n == 1 ? "" : "s",
			render_profile__measure(measure, rest, r->view));
	}
	if (r->young_count)
		fprintf(t->out,
			"\tnot shown: %" PRIu64 " bytes in %" PRIu64
			" allocations younger than %" PRIu64 " ms (-o 0 shows them)\n",
			r->young_bytes, r->young_count, r->older_ns / 1000000);
}

/* What a sample cannot show. */
static void emit_blind(const struct text *t, const struct report *r)
{
	char number[FORMAT_NUMBER_SIZE];

	if (sampling__is_on(&r->sampling))
		fprintf(t->out,
			"\tnot shown: stacks of which nothing was sampled; one with %s %s goes "
			"unseen once in 100 times\n",
			format__number(number, sampling__blind(&r->sampling)),
			r->sampling.bytes ? "bytes" : "allocations");
}

/* Further counts, each named only when it is not 0. */
static void emit_more(const struct text *t, const char *what, uint64_t n)
{
	if (n)
		fprintf(t->out, "; %s %" PRIu64, what, n);
}

static void emit_cuts(const struct text *t, const struct report_account *a)
{
	const char *before = " (";

	for (size_t i = 0; i < REPORT_MAX_CUTS; i++) {
		if (!a->cuts[i].count)
			continue;
		fprintf(t->out, "%s%" PRIu64 " %s", before, a->cuts[i].count, a->cuts[i].why);
		before = ", ";
	}
	if (*before == ',')
		fputc(')', t->out);
}

static void emit_account(const struct text *t, const struct report *r)
{
	const struct report_account *a = &r->account;

	stamp(t);
	fprintf(t->out, "accounting: seen %" PRIu64 ", freed %" PRIu64, a->seen, a->freed);
	if (a->implied)
		fprintf(t->out, " (implied %" PRIu64 ")", a->implied);
	if (a->found_free)
		fprintf(t->out, " (found free %" PRIu64 ")", a->found_free);
	fprintf(t->out, ", outstanding %" PRIu64 ", lost %" PRIu64, a->outstanding,
		report__lost(a));
	if (a->gone_exec)
		fprintf(t->out, ", given up at exec %" PRIu64, a->gone_exec);
	if (sampling__is_on(&r->sampling)) /* nor is it known whose other frees were */
		fprintf(t->out, ", passed over %" PRIu64, a->unsampled);
	else if (a->untracked_frees != REPORT_UNTRACKED_UNKNOWN)
		fprintf(t->out, "; untracked frees %" PRIu64, a->untracked_frees);
	emit_more(t, "frees of what was inherited", a->inherited_frees);
	if (a->stacks_sampled)
		fprintf(t->out, "; stacks taken %" PRIu64, a->stacks_complete + a->stacks_cut);
	else
		fprintf(t->out, "; stacks complete %" PRIu64 ", cut %" PRIu64, a->stacks_complete,
			a->stacks_cut);
	emit_cuts(t, a);
	emit_more(t, "failed calls", a->failed);
	emit_more(t, "calls that never returned", a->abandoned);
	emit_more(t, "calls not followed", a->no_slot);
	emit_more(t, "outside -z/-Z", a->filtered);
	if (r->sampling.bytes)
		fprintf(t->out, "; sampled at 1 byte in %" PRIu64, r->sampling.bytes);
	else if (r->sampling.calls > 1)
		fprintf(t->out, "; sampled 1 in %" PRIu64, r->sampling.calls);
	fputc('\n', t->out);
}

static void emit_sentences(const struct text *t, const struct report *r)
{
	static const struct {
		const char *topic;
		int (*write)(FILE *out, const struct report *r);
	} sentences[] = {
		{"memory: ", render_memory__sentence},
		{"memory: ", render_memory__verdict},
		{"reachability: ", render_reach__sentence},
		{"not traced: ", words__children},
	};
	char *text = NULL;
	size_t i, size;

	for (i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		FILE *mem = open_memstream(&text, &size);

		if (!mem)
			return;
		if (sentences[i].write(mem, r) && !fflush(mem)) {
			stamp(t);
			fputs(sentences[i].topic, t->out);
			render__escape(t->out, text);
			fputc('\n', t->out);
		}
		fclose(mem);
		free(text);
	}
}

static void warn(const char *sentence, void *arg)
{
	const struct text *t = arg;

	stamp(t);
	begin(t, STYLE_WARNING);
	fputs("warning: ", t->out);
	render__escape(t->out, sentence);
	end(t);
	fputc('\n', t->out);
}

/* A line for each process of a sum. */
static void emit_processes(const struct text *t, const struct report *r)
{
	size_t i;

	for (i = 0; i < r->n_processes; i++) {
		const struct report_process *p = &r->processes[i];

		stamp(t);
		fprintf(t->out,
			"process %" PRIu64 ": %" PRIu64 " bytes in %" PRIu64
			" allocations outstanding, seen %" PRIu64 ", freed %" PRIu64,
			p->pid, p->bytes, p->count, p->seen, p->freed);
		if (p->gone_exec)
			fprintf(t->out, ", given up at exec %" PRIu64, p->gone_exec);
		if (p->lost)
			fprintf(t->out, ", lost %" PRIu64, p->lost);
		if (p->parent)
			fprintf(t->out, "; %s by %" PRIu64, p->forked ? "forked" : "started",
				p->parent);
		if (!p->ended)
			fputs("; still running", t->out);
		fputs(": ", t->out);
		render__escape(t->out, p->command ? p->command : p->comm ? p->comm : "?");
		if (p->gap) {
			begin(t, STYLE_WARNING);
			fputs(" (", t->out);
			render__escape(t->out, p->gap);
			fputc(')', t->out);
			end(t);
		}
		fputc('\n', t->out);
	}
}

static int emit_text(FILE *out, const struct report *r, const struct render_opts *opts)
{
	struct text t = {.out = out, .color = opts && opts->color};
	char nothing[WORDS_SIZE];
	struct tm tm;
	size_t i;

	if (!localtime_r(&r->time, &tm) || !strftime(t.stamp, sizeof(t.stamp), "[%H:%M:%S] ", &tm))
		strcpy(t.stamp, "[--:--:--] ");
	t.shown = report__viewed(r);
	if (opts && opts->top && opts->top < t.shown)
		t.shown = opts->top;
	errno = 0; /* stdio keeps an error, but not which one */
	emit_gate(&t, r);
	emit_header(&t, r);
	emit_lost(&t, r);
	emit_leaks(&t, r);
	emit_profile_head(&t, r);
	for (i = 0; i < t.shown; i++)
		emit_site(&t, r, &r->sites[i]);
	emit_hidden(&t, r);
	emit_blind(&t, r);
	if (words__nothing(nothing, r))
		fprintf(out, "\t%s\n", nothing);
	emit_sentences(&t, r);
	render_gate__lines(r, emit_gate_line, &t);
	emit_account(&t, r);
	emit_processes(&t, r);
	emit_lines(&t, r->checks, NULL);
	words__warnings(r, warn, &t);
	return render__end(out);
}

const struct renderer render_text = {
	.name = "text",
	.follows = true,
	.emit = emit_text,
};
