/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as JSON, one line each: what comes one after another is JSON Lines. All there is to
 * know is in it; report.schema.json says what the keys mean. Keys are always there, null if
 * unknown.
 */
#include "render/render.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/gate.h"
#include "render/json.h"
#include "render/jsonout.h"
#include "render/words.h"
#include "report/report.h"

#define SCHEMA_VERSION 1 /* grows when a key goes or means something else, not with new ones */

void json__origin(struct jsonout *j, const struct report_origin *o)
{
	jsonout__begin(j, "origin", '{');
	jsonout__string(j, "tool", o->tool);
	jsonout__string(j, "kernel", o->kernel);
	jsonout__string(j, "machine", o->machine);
	jsonout__string(j, "host", o->host);
	jsonout__string(j, "command", o->command);
	jsonout__end(j, '}');
}

static void emit_range(struct jsonout *j, const char *key, const struct estimate_range *range,
		       uint64_t exact)
{
	bool is_exact = range->low == range->high;

	jsonout__begin(j, key, '[');
	jsonout__u64(j, NULL, is_exact ? exact : range->low);
	jsonout__u64(j, NULL, is_exact ? exact : range->high);
	jsonout__end(j, ']');
}

static void emit_delta(struct jsonout *j, const char *key, bool known, int64_t delta)
{
	if (known)
		jsonout__i64(j, key, delta);
	else
		jsonout__null(j, key);
}

static void emit_frame(struct jsonout *j, const struct report_frame *f)
{
	jsonout__begin(j, NULL, '{');
	jsonout__address(j, "address", f->addr);
	jsonout__string(j, "function", f->function);
	if (f->function && !f->inlined)
		jsonout__u64(j, "offset", f->offset);
	else
		jsonout__null(j, "offset");
	jsonout__string(j, "file", f->file);
	jsonout__string(j, "path", f->path);
	if (f->line > 0)
		jsonout__i64(j, "line", f->line);
	else
		jsonout__null(j, "line");
	jsonout__bool(j, "inlined", f->inlined);
	jsonout__bool(j, "interrupted", f->interrupted);
	jsonout__string(j, "image", f->image);
	jsonout__string(j, "image_path", f->image_path);
	jsonout__string(j, "build_id", f->build_id);
	jsonout__address(j, "image_address", f->image_vaddr);
	jsonout__address(j, "image_offset", f->image_offset);
	jsonout__end(j, '}');
}

static const char *const kind_keys[REACH_KINDS] = {
	[REACH_UNJUDGED] = "unjudged", [REACH_REACHABLE] = "reachable",
	[REACH_POSSIBLE] = "possible", [REACH_INDIRECT] = "indirect",
	[REACH_DEFINITE] = "definite",
};

static void emit_sum(struct jsonout *j, const char *key, const struct reach_sum *sum)
{
	jsonout__begin(j, key, '{');
	jsonout__u64(j, "bytes", sum->bytes);
	jsonout__u64(j, "count", sum->count);
	jsonout__end(j, '}');
}

/* Worst first. */
static void emit_kinds(struct jsonout *j, const struct report *r, const struct reach_sum *sums)
{
	int kind;

	if (!reach__is_judged(&r->reach)) {
		jsonout__null(j, "kinds");
		return;
	}
	jsonout__begin(j, "kinds", '{');
	for (kind = REACH_KINDS; kind-- > 0;)
		emit_sum(j, kind_keys[kind], &sums[kind]);
	jsonout__end(j, '}');
}

static void emit_holders(struct jsonout *j, const struct report_site *site)
{
	size_t i;

	jsonout__begin(j, "holders", '[');
	for (i = 0; i < site->n_holders; i++) {
		const struct report_holder *h = &site->holders[i];

		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "root", h->root);
		jsonout__u64(j, "offset", h->offset);
		jsonout__string(j, "file", h->file);
		if (h->file)
			jsonout__i64(j, "line", h->line);
		else
			jsonout__null(j, "line");
		jsonout__string(j, "image", h->image);
		jsonout__string(j, "way", h->way);
		jsonout__u64(j, "bytes", h->bytes);
		jsonout__u64(j, "count", h->count);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

static void emit_reach(struct jsonout *j, const struct report *r)
{
	const struct report_reach *reach = &r->reach;

	if (!reach->wanted) {
		jsonout__null(j, "reach");
		return;
	}
	jsonout__begin(j, "reach", '{');
	jsonout__string(j, "why_not", reach->why_not[0] ? reach->why_not : NULL);
	emit_kinds(j, r, reach->sum);
	jsonout__u64(j, "scans", reach->scans);
	jsonout__u64(j, "apart_ns", reach->apart_ns);
	jsonout__u64(j, "pause_ns", reach->pause_ns);
	jsonout__u64(j, "copied", reach->copied);
	jsonout__u64(j, "mark_ns", reach->mark_ns);
	jsonout__u64(j, "heap_roots", reach->heap_roots);
	jsonout__u64(j, "swapped", reach->swapped);
	jsonout__end(j, '}');
}

void json__stack(struct jsonout *j, const struct report_site *site)
{
	size_t i;

	jsonout__bool(j, "stack_lost", site->stack_lost);
	jsonout__string(j, "stack_cut", site->stack_cut);
	jsonout__begin(j, "frames", '[');
	for (i = 0; i < site->n_frames; i++)
		emit_frame(j, &site->frames[i]);
	jsonout__end(j, ']');
}

static void emit_blocks(struct jsonout *j, const struct report *r, const struct report_site *site)
{
	size_t i;

	if (!site->blocks) {
		jsonout__null(j, "blocks");
		return;
	}
	jsonout__begin(j, "blocks", '[');
	for (i = 0; i < site->n_blocks; i++) {
		const struct report_block *b = &site->blocks[i];

		jsonout__begin(j, NULL, '{');
		jsonout__address(j, "address", b->addr);
		jsonout__u64(j, "size", b->size);
		if (r->combined_only)
			jsonout__null(j, "age_ns");
		else
			jsonout__u64(j, "age_ns", b->age_ns);
		jsonout__u64(j, "stands_for", b->stands_for);
		jsonout__string(j, "kind",
				reach__is_judged(&r->reach) ? kind_keys[b->reach] : NULL);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

static void emit_numbers(struct jsonout *j, const char *key, const uint64_t *numbers, size_t n)
{
	size_t i;

	jsonout__begin(j, key, '[');
	for (i = 0; i < n; i++)
		jsonout__u64(j, NULL, numbers[i]);
	jsonout__end(j, ']');
}

/* times_ns: only of the whole. */
static void emit_history(struct jsonout *j, const struct report_history *h,
			 const uint64_t *times_ns)
{
	if (!h->n) {
		jsonout__null(j, "history");
		return;
	}
	jsonout__begin(j, "history", '{');
	if (times_ns)
		emit_numbers(j, "elapsed_ns", times_ns, h->n);
	emit_numbers(j, "bytes", h->bytes, h->n);
	emit_numbers(j, "count", h->count, h->n);
	jsonout__u64(j, "came", h->came);
	jsonout__u64(j, "freed", h->freed);
	jsonout__end(j, '}');
}

static void emit_verdict(struct jsonout *j, const struct site_verdict *v)
{
	jsonout__begin(j, "verdict", '{');
	jsonout__string(j, "kind", site_verdict__word(v->kind));
	jsonout__string(j, "why", site_verdict__reason(v->reason));
	jsonout__u64(j, "sure", v->sure);
	jsonout__u64(j, "bytes_per_hour", v->bytes_per_hour);
	jsonout__end(j, '}');
}

static void emit_verdicts(struct jsonout *j, const struct report *r)
{
	int i;

	jsonout__begin(j, "verdicts", '[');
	for (i = 0; i < VERDICT_KINDS; i++) {
		if (!r->verdicts[i].stacks)
			continue;
		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "kind", site_verdict__word(i));
		jsonout__u64(j, "stacks", r->verdicts[i].stacks);
		jsonout__u64(j, "bytes", r->verdicts[i].bytes);
		jsonout__u64(j, "bytes_per_hour", r->verdicts[i].bytes_per_hour);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

/* r: of the process, NULL: of a site. */
static void emit_profile(struct jsonout *j, const struct report_profile *p, const struct report *r)
{
	int i;

	if (!p) {
		jsonout__null(j, "profile");
		return;
	}
	jsonout__begin(j, "profile", '{');
	jsonout__u64(j, "count", p->count);
	jsonout__u64(j, "bytes", p->bytes);
	jsonout__u64(j, "freed", p->freed);
	jsonout__u64(j, "freed_bytes", p->freed_bytes);
	jsonout__u64(j, "temporary", p->temporary);
	jsonout__u64(j, "temporary_bytes", p->temporary_bytes);
	jsonout__u64(j, "peak_count", p->peak_count);
	jsonout__u64(j, "peak_bytes", p->peak_bytes);
	jsonout__begin(j, "lived", '[');
	for (i = 0; i < REPORT_LIVES; i++)
		jsonout__u64(j, NULL, p->lived[i]);
	jsonout__end(j, ']');
	if (r) {
		jsonout__u64(j, "tick_ns", r->tick_ns);
		jsonout__u64(j, "peak_age_ns", r->peak_age_ns);
	}
	jsonout__end(j, '}');
}

/* The lines around that of one of the frames. */
static void emit_source(struct jsonout *j, const struct report_site *site)
{
	const char *text = site->source;
	char *line;
	size_t n;

	if (!text || site->source_frame >= site->n_frames) {
		jsonout__null(j, "source");
		return;
	}
	jsonout__begin(j, "source", '{');
	jsonout__u64(j, "frame", site->source_frame);
	jsonout__u64(j, "first", site->source_first);
	jsonout__begin(j, "lines", '[');
	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		line = strndup(text, n);
		jsonout__string(j, NULL, line);
		free(line);
	}
	jsonout__end(j, ']');
	jsonout__end(j, '}');
}

static void emit_site(struct jsonout *j, const struct report *r, const struct report_site *site)
{
	jsonout__begin(j, NULL, '{');
	jsonout__u64(j, "bytes", site->bytes);
	jsonout__u64(j, "count", site->count);
	jsonout__u64(j, "sampled", site->sampled);
	emit_range(j, "bytes_range", &site->bytes_range, site->bytes);
	emit_range(j, "count_range", &site->count_range, site->count);
	emit_delta(j, "bytes_delta", r->has_delta, site->bytes_delta);
	emit_delta(j, "count_delta", r->has_delta, site->count_delta);
	if (r->has_delta)
		jsonout__bool(j, "is_new", site->is_new);
	else
		jsonout__null(j, "is_new");
	if (r->combined_only || !site->count) {
		jsonout__null(j, "youngest_ns");
		jsonout__null(j, "oldest_ns");
	} else {
		jsonout__u64(j, "youngest_ns", site->youngest_ns);
		jsonout__u64(j, "oldest_ns", site->oldest_ns);
	}
	jsonout__string(j, "entry", site->entry);
	jsonout__string(j, "note", site->note);
	emit_verdict(j, &site->verdict);
	emit_history(j, &site->history, NULL);
	jsonout__string(j, "detail", site->detail);
	jsonout__string(j, "after", site->after);
	json__stack(j, site);
	emit_source(j, site);
	render_gate__json_site(j, r, site);
	emit_blocks(j, r, site);
	emit_profile(j, site->profile, NULL);
	emit_kinds(j, r, site->reach);
	if (reach__is_judged(&r->reach))
		emit_sum(j, "under", &site->under);
	else
		jsonout__null(j, "under");
	emit_holders(j, site);
	jsonout__end(j, '}');
}

static void emit_account(struct jsonout *j, const struct report *r)
{
	const struct report_account *a = &r->account;
	size_t i;

	jsonout__begin(j, "account", '{');
	jsonout__u64(j, "seen", a->seen);
	jsonout__u64(j, "freed", a->freed);
	jsonout__u64(j, "outstanding", a->outstanding);
	jsonout__u64(j, "lost", report__lost(a));
	jsonout__u64(j, "lost_full", a->lost_full);
	jsonout__u64(j, "lost_read", a->lost_read);
	jsonout__u64(j, "lost_realloc", a->lost_realloc);
	jsonout__u64(j, "gone_exec", a->gone_exec);
	jsonout__u64(j, "unsampled", a->unsampled);
	jsonout__u64(j, "implied", a->implied);
	jsonout__u64(j, "found_free", a->found_free);
	if (a->untracked_frees == REPORT_UNTRACKED_UNKNOWN)
		jsonout__null(j, "untracked_frees");
	else
		jsonout__u64(j, "untracked_frees", a->untracked_frees);
	if (a->inherited_frees)
		jsonout__u64(j, "inherited_frees", a->inherited_frees);
	jsonout__u64(j, "failed", a->failed);
	jsonout__u64(j, "abandoned", a->abandoned);
	jsonout__u64(j, "no_slot", a->no_slot);
	jsonout__u64(j, "filtered", a->filtered);
	jsonout__u64(j, "stack_full", a->stack_full);
	jsonout__u64(j, "stack_fault", a->stack_fault);
	jsonout__u64(j, "event_lost", a->event_lost);
	jsonout__u64(j, "event_missed", a->event_missed);
	jsonout__u64(j, "event_unsure", a->event_unsure);
	jsonout__bool(j, "stacks_sampled", a->stacks_sampled);
	jsonout__u64(j, "stacks_complete", a->stacks_complete);
	jsonout__u64(j, "stacks_cut", a->stacks_cut);
	jsonout__begin(j, "cuts", '[');
	for (i = 0; i < REPORT_MAX_CUTS; i++) {
		if (!a->cuts[i].count)
			continue;
		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "why", a->cuts[i].why);
		jsonout__u64(j, "count", a->cuts[i].count);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
	jsonout__i64(j, "imbalance", a->imbalance ? a->imbalance : report__balance(a));
	jsonout__end(j, '}');
}

static void emit_memory(struct jsonout *j, const struct report_memory *m)
{
	if (!m->known) {
		jsonout__null(j, "memory");
		return;
	}
	jsonout__begin(j, "memory", '{');
	jsonout__u64(j, "uss", m->uss);
	jsonout__i64(j, "uss_delta", m->uss_delta);
	jsonout__u64(j, "explained", m->explained);
	jsonout__u64(j, "headers", m->headers);
	jsonout__u64(j, "retained", m->retained);
	jsonout__u64(j, "arenas", m->arenas);
	jsonout__u64(j, "stacks", m->stacks);
	jsonout__u64(j, "anonymous", m->anonymous);
	jsonout__u64(j, "other", m->other);
	jsonout__u64(j, "shrunk", m->shrunk);
	jsonout__i64(j, "page_tables_delta", m->page_tables_delta);
	jsonout__bool(j, "lists_known", m->lists_known);
	jsonout__bool(j, "lists_at_least", m->lists_at_least);
	jsonout__end(j, '}');
}

/* With --follow only. */
static void emit_processes(struct jsonout *j, const struct report *r)
{
	size_t i;

	if (r->followed)
		jsonout__bool(j, "followed", true);
	if (!r->n_processes)
		return;
	jsonout__begin(j, "processes", '[');
	for (i = 0; i < r->n_processes; i++) {
		const struct report_process *p = &r->processes[i];

		jsonout__begin(j, NULL, '{');
		jsonout__u64(j, "pid", p->pid);
		if (p->parent)
			jsonout__u64(j, "parent", p->parent);
		else
			jsonout__null(j, "parent");
		jsonout__string(j, "comm", p->comm);
		jsonout__string(j, "command", p->command);
		jsonout__bool(j, "forked", p->forked);
		jsonout__bool(j, "ended", p->ended);
		jsonout__u64(j, "bytes", p->bytes);
		jsonout__u64(j, "count", p->count);
		jsonout__u64(j, "seen", p->seen);
		jsonout__u64(j, "freed", p->freed);
		jsonout__u64(j, "lost", p->lost);
		jsonout__u64(j, "gone_exec", p->gone_exec);
		jsonout__string(j, "gap", p->gap);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

static void emit_warning(const char *sentence, void *arg)
{
	jsonout__string(arg, NULL, sentence);
}

static void emit_totals(struct jsonout *j, const struct report *r)
{
	jsonout__u64(j, "bytes", r->bytes);
	jsonout__u64(j, "count", r->count);
	jsonout__u64(j, "stacks", r->n_stacks);
	jsonout__u64(j, "sampled", r->sampled);
	emit_range(j, "bytes_range", &r->bytes_range, r->bytes);
	emit_range(j, "count_range", &r->count_range, r->count);
	emit_delta(j, "bytes_delta", r->has_delta, r->bytes_delta);
	emit_delta(j, "count_delta", r->has_delta, r->count_delta);
	jsonout__u64(j, "young_bytes", r->young_bytes);
	jsonout__u64(j, "young_count", r->young_count);
	jsonout__u64(j, "older_ns", r->older_ns);
	jsonout__u64(j, "sample_calls", r->sampling.calls > 1 ? r->sampling.calls : 1);
	jsonout__u64(j, "sample_bytes", r->sampling.bytes);
}

static int emit_json(FILE *out, const struct report *r, const struct render_opts *opts)
{
	struct jsonout j = {.out = out};
	size_t i;

	(void)opts;
	errno = 0;
	jsonout__begin(&j, NULL, '{');
	jsonout__u64(&j, "schema", SCHEMA_VERSION);
	json__origin(&j, &r->origin);
	jsonout__i64(&j, "time", r->time);
	jsonout__i64(&j, "pid", r->pid);
	jsonout__string(&j, "comm", r->comm);
	jsonout__bool(&j, "final", r->final);
	jsonout__bool(&j, "target_ended", r->target_ended);
	jsonout__bool(&j, "partial", r->partial);
	emit_totals(&j, r);
	jsonout__string(&j, "site_name", words__site_name(r));
	emit_verdict(&j, &r->verdict);
	emit_verdicts(&j, r);
	emit_history(&j, &r->history, r->history_ns);
	jsonout__begin(&j, "sites", '[');
	for (i = 0; i < r->n_sites; i++)
		emit_site(&j, r, &r->sites[i]);
	jsonout__end(&j, ']');
	render_gate__json(&j, r);
	emit_account(&j, r);
	emit_memory(&j, &r->memory);
	emit_reach(&j, r);
	jsonout__string(&j, "view", report_view__name(r->view));
	emit_profile(&j, r->profile, r);
	emit_processes(&j, r);
	if (r->children)
		jsonout__u64(&j, "children", r->children);
	jsonout__string(&j, "checks", r->checks);
	jsonout__u64(&j, "max_live", r->max_live);
	jsonout__u64(&j, "most_live", r->most_live);
	jsonout__u64(&j, "max_stacks", r->max_stacks);
	jsonout__begin(&j, "warnings", '[');
	words__warnings(r, emit_warning, &j);
	jsonout__end(&j, ']');
	jsonout__end(&j, '}');
	fputc('\n', out);
	return render__end(out);
}

const struct renderer render_json = {
	.name = "json",
	.follows = true,
	.emit = emit_json,
};
