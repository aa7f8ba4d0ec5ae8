/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/profile.h"

#include <inttypes.h>

#include "render/format.h"
#include "report/report.h"

#define MS 1000000ULL

const char *render_profile__kind(enum report_view view)
{
	static const char *const kinds[REPORT_VIEWS] = {
		[REPORT_VIEW_LEAKED] = "allocations",
		[REPORT_VIEW_PEAK] = "allocations at the peak",
		[REPORT_VIEW_TOTAL] = "allocations in all",
		[REPORT_VIEW_TEMPORARY] = "temporary allocations",
	};

	return kinds[view];
}

const char *render_profile__measure(char buf[WORDS_SIZE], struct report_measure m,
				    enum report_view view)
{
	snprintf(buf, WORDS_SIZE, "%" PRIu64 " bytes in %" PRIu64 " %s", m.bytes, m.count,
		 render_profile__kind(view));
	return buf;
}

const char *render_profile__order(enum report_view view)
{
	static const char *const words[REPORT_VIEWS] = {
		[REPORT_VIEW_LEAKED] = "what is outstanding",
		[REPORT_VIEW_PEAK] = "what was outstanding at the peak",
		[REPORT_VIEW_TOTAL] = "all that was allocated",
		[REPORT_VIEW_TEMPORARY] = "temporary allocations",
	};

	return words[view];
}

void render_profile__report(FILE *out, const struct report *r)
{
	const struct report_profile *p = r->profile;
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], age[FORMAT_AGE_SIZE];

	if (!p)
		return;
	fprintf(out, "%s allocations of %s bytes", format__number(count, p->count),
		format__number(bytes, p->bytes));
	fprintf(out, ", %s freed", format__number(count, p->freed));
	fprintf(out, ", %s temporary", format__number(count, p->temporary));
	fprintf(out, "; peak %s bytes, %s ago", format__number(bytes, p->peak_bytes),
		format__age(age, r->peak_age_ns, r->peak_age_ns));
	if (r->view != REPORT_VIEW_LEAKED)
		fprintf(out, "; stacks by %s", render_profile__order(r->view));
}

/* Milliseconds, and above two seconds as an age. */
static void emit_span(FILE *out, uint64_t ns)
{
	char age[FORMAT_AGE_SIZE];

	if (ns < 2000 * MS)
		fprintf(out, "%" PRIu64 " ms", (uint64_t)(ns / MS));
	else
		fputs(format__age(age, ns, ns), out);
}

/* 2^i ticks; what does not fit sticks at the top. */
static uint64_t span(const struct report *r, int i)
{
	uint64_t ns;

	return __builtin_mul_overflow(r->tick_ns, 1ULL << i, &ns) ? UINT64_MAX : ns;
}

void render_profile__lived(FILE *out, const struct report *r, const struct report_profile *p)
{
	const char *before = "";
	int i;

	for (i = 0; i < REPORT_LIVES; i++) {
		if (!p->lived[i])
			continue;
		fputs(before, out);
		before = ", ";
		fputs(i + 1 < REPORT_LIVES ? "under " : "over ", out);
		/* 2^(i - 1) ticks may have been less by one */
		emit_span(out, i + 1 < REPORT_LIVES ? span(r, i) : span(r, i - 1) - r->tick_ns);
		fprintf(out, ": %" PRIu64, p->lived[i]);
	}
}

void render_profile__site(FILE *out, const struct report *r, const struct report_site *site)
{
	struct report_measure m;
	char words[WORDS_SIZE];
	int view;

	for (view = 0; view < REPORT_VIEWS; view++) {
		m = report_site__measure(site, view);
		if (view == (int)r->view || (!m.bytes && !m.count))
			continue;
		fprintf(out, "%s%s; ", view == REPORT_VIEW_LEAKED ? "outstanding " : "",
			render_profile__measure(words, m, view));
	}
	fprintf(out, "freed %" PRIu64, site->profile->freed);
}
