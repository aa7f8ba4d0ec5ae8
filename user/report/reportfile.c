/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer; reportfile_read.c reads. */
#include "report/reportfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/gzip.h"
#include "report/proto.h"
#include "report/reportfile_priv.h"
#include "report/report.h"
#include "report/strtab.h"

struct writer {
	struct proto whole, message, inner;
	struct strtab strings, frames; /* the latter as messages */
	uint64_t *column;
	size_t max_column;
	bool failed; /* no memory */
};

/* The number of what is in the table at t, and in the file as field; it is added when it is new. */
static uint64_t number(struct writer *w, struct strtab *t, uint32_t field, const void *bytes,
		       size_t size)
{
	size_t n = t->n;
	uint32_t idx = strtab__add(t, bytes, size);

	if (idx == STRTAB_NONE) {
		w->failed = true;
		return 0;
	}
	if (idx == n)
		proto__bytes(&w->whole, field, bytes, size);
	return (uint64_t)idx + 1;
}

static uint64_t string(struct writer *w, const char *s)
{
	return s ? number(w, &w->strings, RECORDING_TEXT, s, strlen(s)) : 0;
}

static void write_members(struct writer *w, struct proto *to, const struct layout *layout,
			  const void *object)
{
	size_t i;

	for (i = 0; i < layout->n; i++) {
		const struct member *m = &layout->members[i];
		const void *at = (const char *)object + m->offset;

		switch (m->kind) {
		case MEMBER_U64:
			proto__u64(to, m->field, *(const uint64_t *)at);
			break;
		case MEMBER_INT:
			proto__u64(to, m->field, *(const int *)at > 0 ? *(const int *)at : 0);
			break;
		case MEMBER_TIME:
			proto__i64(to, m->field, *(const time_t *)at);
			break;
		case MEMBER_BOOL:
			proto__bool(to, m->field, *(const bool *)at);
			break;
		case MEMBER_STRING:
			proto__u64(to, m->field, string(w, *(char *const *)at));
			break;
		}
	}
}

static uint64_t *get_column(struct writer *w, size_t n)
{
	uint64_t *grown;

	if (n <= w->max_column)
		return w->column;
	grown = reallocarray(w->column, n, sizeof(*grown));
	if (!grown) {
		w->failed = true;
		return NULL;
	}
	w->column = grown;
	w->max_column = n;
	return grown;
}

static void write_frames(struct writer *w, const struct report_site *site)
{
	uint64_t *numbers = get_column(w, site->n_frames);
	size_t i;

	for (i = 0; numbers && i < site->n_frames; i++) {
		write_members(w, &w->inner, &layout_frame, &site->frames[i]);
		numbers[i] = number(w, &w->frames, RECORDING_FRAMES, w->inner.data, w->inner.size);
		w->failed |= w->inner.failed;
		proto__reset(&w->inner);
	}
	if (numbers)
		proto__packed(&w->message, SITE_FRAMES, numbers, site->n_frames);
}

static void write_column(struct writer *w, uint32_t field, const struct report_site *site,
			 size_t offset)
{
	uint64_t *column = get_column(w, site->n_blocks);
	size_t i;

	if (!column)
		return;
	for (i = 0; i < site->n_blocks; i++)
		memcpy(&column[i], (const char *)&site->blocks[i] + offset, sizeof(*column));
	proto__packed(&w->inner, field, column, site->n_blocks);
}

static void write_kinds(struct writer *w, uint32_t field, const struct reach_sum *sums)
{
	write_members(w, &w->inner, &layout_kinds, sums);
	proto__message(&w->message, field, &w->inner);
}

static void write_verdicts(struct writer *w, const struct report_site *site)
{
	uint64_t *column = get_column(w, site->n_blocks);
	size_t i;

	if (!column)
		return;
	for (i = 0; i < site->n_blocks; i++)
		column[i] = site->blocks[i].reach;
	proto__packed(&w->inner, BLOCKS_KIND, column, site->n_blocks);
}

static void write_history(struct proto *to, uint32_t bytes, uint32_t count,
			  const struct report_history *h)
{
	if (!h->n)
		return;
	proto__packed(to, bytes, h->bytes, h->n);
	proto__packed(to, count, h->count, h->n);
}

static void write_profile(struct writer *w, struct proto *to, uint32_t field,
			  const struct report_profile *p)
{
	if (!p)
		return;
	write_members(w, &w->inner, &layout_profile, p);
	proto__packed(&w->inner, PROFILE_LIVED, p->lived, REPORT_LIVES);
	proto__message(to, field, &w->inner);
}

static void write_site(struct writer *w, const struct report *r, const struct report_site *site)
{
	bool judged = reach__is_judged(&r->reach);
	size_t i;

	write_members(w, &w->message, &layout_site, site);
	write_frames(w, site);
	write_history(&w->message, SITE_HISTORY_BYTES, SITE_HISTORY_COUNT, &site->history);
	write_profile(w, &w->message, SITE_PROFILE, site->profile);
	if (judged)
		write_kinds(w, SITE_KINDS, site->reach);
	for (i = 0; i < site->n_holders; i++) {
		write_members(w, &w->inner, &layout_holder, &site->holders[i]);
		proto__message(&w->message, SITE_HOLDERS, &w->inner);
	}
	if (site->blocks) {
		write_column(w, BLOCKS_ADDR, site, offsetof(struct report_block, addr));
		write_column(w, BLOCKS_SIZE, site, offsetof(struct report_block, size));
		write_column(w, BLOCKS_AGE, site, offsetof(struct report_block, age_ns));
		write_column(w, BLOCKS_STANDS_FOR, site, offsetof(struct report_block, stands_for));
		if (judged)
			write_verdicts(w, site);
		proto__message(&w->message, SITE_BLOCKS, &w->inner);
	}
	proto__message(&w->whole, RECORDING_SITES, &w->message);
}

static void write_account(struct writer *w, const struct report_account *a)
{
	size_t i;

	write_members(w, &w->message, &layout_account, a);
	for (i = 0; i < REPORT_MAX_CUTS; i++) {
		if (!a->cuts[i].why && !a->cuts[i].count)
			continue;
		write_members(w, &w->inner, &layout_cut, &a->cuts[i]);
		proto__message(&w->message, ACCOUNT_CUTS, &w->inner);
	}
	proto__message(&w->whole, RECORDING_ACCOUNT, &w->message);
}

static void write_reach(struct writer *w, const struct report_reach *reach)
{
	const char *why_not = reach->why_not[0] ? reach->why_not : NULL;

	write_members(w, &w->message, &layout_reach, reach);
	proto__u64(&w->message, REACH_WHY_NOT, string(w, why_not));
	write_kinds(w, REACH_SUMS, reach->sum);
	proto__message(&w->whole, RECORDING_REACH, &w->message);
}

static void write_gate(struct writer *w, const struct report_gate *g)
{
	size_t i;

	if (!g->meaning) /* there was none */
		return;
	write_members(w, &w->message, &layout_gate, g);
	for (i = 0; i < g->n_conditions; i++) {
		write_members(w, &w->inner, &layout_condition, &g->conditions[i]);
		proto__message(&w->message, GATE_CONDITIONS, &w->inner);
	}
	for (i = 0; i < g->n_suppressions; i++) {
		write_members(w, &w->inner, &layout_suppression, &g->suppressions[i]);
		proto__message(&w->message, GATE_SUPPRESSIONS, &w->inner);
	}
	proto__message(&w->whole, RECORDING_GATE, &w->message);
}

static void write_report(struct writer *w, const struct report *r)
{
	uint64_t text, tallies[3 * VERDICT_KINDS];
	bool judged = false;
	size_t i;

	proto__string(&w->whole, RECORDING_FORMAT_NAME, RECORDING_FORMAT);
	proto__u64(&w->whole, RECORDING_VERSION_NUMBER, RECORDING_VERSION);
	for (i = 0; i < r->n_sites && !w->failed; i++)
		write_site(w, r, &r->sites[i]);
	write_account(w, &r->account);
	write_members(w, &w->message, &layout_origin, &r->origin);
	proto__message(&w->whole, RECORDING_ORIGIN, &w->message);
	if (r->memory.known) {
		write_members(w, &w->message, &layout_memory, &r->memory);
		proto__message(&w->whole, RECORDING_MEMORY, &w->message);
	}
	if (r->reach.wanted)
		write_reach(w, &r->reach);
	for (i = 0; i < r->n_map; i++) {
		write_members(w, &w->message, &layout_map, &r->map[i]);
		proto__message(&w->whole, RECORDING_MAP, &w->message);
	}
	write_gate(w, &r->gate);
	for (i = 0; i < r->n_processes; i++) {
		write_members(w, &w->message, &layout_process, &r->processes[i]);
		proto__message(&w->whole, RECORDING_PROCESSES, &w->message);
	}
	for (i = 0; i < r->n_warnings; i++) {
		text = string(w, r->warnings[i]);
		proto__packed(&w->whole, RECORDING_WARNINGS, &text, 1);
	}
	write_members(w, &w->whole, &layout_report, r);
	write_profile(w, &w->whole, RECORDING_PROFILE, r->profile);
	proto__u64(&w->whole, RECORDING_VIEW, r->view);
	write_history(&w->whole, RECORDING_HISTORY_BYTES, RECORDING_HISTORY_COUNT, &r->history);
	proto__packed(&w->whole, RECORDING_HISTORY_NS, r->history_ns, r->history.n);
	for (i = 0; i < VERDICT_KINDS; i++) {
		tallies[3 * i] = r->verdicts[i].stacks;
		tallies[3 * i + 1] = r->verdicts[i].bytes;
		tallies[3 * i + 2] = r->verdicts[i].bytes_per_hour;
		judged |= r->verdicts[i].stacks != 0;
	}
	if (judged)
		proto__packed(&w->whole, RECORDING_VERDICTS, tallies, 3 * VERDICT_KINDS);
}

int reportfile__write(FILE *out, const struct report *r)
{
	struct writer w = {0};
	int err = -ENOMEM;

	strtab__init(&w.strings);
	strtab__init(&w.frames);
	write_report(&w, r);
	if (!w.failed && !w.whole.failed)
		err = gzip__write(out, w.whole.data, w.whole.size);
	strtab__clear(&w.strings);
	strtab__clear(&w.frames);
	proto__clear(&w.whole);
	proto__clear(&w.message);
	proto__clear(&w.inner);
	free(w.column);
	return err;
}
