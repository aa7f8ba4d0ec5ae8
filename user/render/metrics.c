/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/metrics_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gate/source.h"
#include "render/reach.h"
#include "render/render.h"
#include "render/words.h"
#include "report/hashidx.h"
#include "report/report.h"

/* Samples of one report: all have the labels in base. */
struct figures {
	struct exposition *to;
	char *base;
};

/* base and more labels: pairs of name and value, up to a NULL name. To be freed. */
static char *labels(const char *base, const char *const more[][2])
{
	char *text = NULL;
	size_t size, i;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return NULL;
	fputs(base, mem);
	for (i = 0; more[i][0]; i++)
		exposition__label(mem, more[i][0], more[i][1]);
	if (!fclose(mem))
		return text;
	free(text);
	return NULL;
}

static char *process_labels(uint64_t pid, const char *comm)
{
	char number[24] = "";
	const char *const pairs[][2] = {{"pid", number},
					{"comm", comm  ? comm
						 : pid ? "?"
						       : "[kernel]"},
					{NULL, NULL}};

	if (pid)
		snprintf(number, sizeof(number), "%" PRIu64, pid);
	return labels("", pairs);
}

static void add(const struct figures *f, size_t family, uint64_t value)
{
	exposition__add(f->to, family, f->base, value);
}

static void add_signed(const struct figures *f, size_t family, int64_t value)
{
	exposition__add_signed(f->to, family, f->base, value);
}

/* With one more label. */
static void add_by(const struct figures *f, size_t family, const char *name, const char *value,
		   uint64_t number)
{
	const char *const pair[][2] = {{name, value}, {NULL, NULL}};
	char *all = labels(f->base, pair);

	/* without memory for the labels there is none for a sample */
	exposition__add(f->to, family, all ? all : "", number);
	free(all);
}

static void count_warning(const char *sentence, void *arg)
{
	uint64_t *n = arg;

	(void)sentence;
	++*n;
}

static void add_origin(const struct figures *f, const struct report *r)
{
	const char *const pairs[][2] = {{"version", r->origin.tool},
					{"kernel", r->origin.kernel},
					{"machine", r->origin.machine},
					{NULL, NULL}};
	const struct figures build = {.to = f->to, .base = labels(f->base, pairs)};
	uint64_t warnings = 0;

	if (build.base)
		add(&build, BUILD, 1);
	free(build.base);
	words__warnings(r, count_warning, &warnings);
	add_signed(f, SNAPSHOT, r->time);
	add(f, ENDED, r->target_ended);
	add(f, SAMPLED, sampling__is_on(&r->sampling));
	add(f, PARTIAL, r->partial);
	add(f, WARNINGS, warnings);
}

static void add_outstanding(const struct figures *f, const struct report *r)
{
	add(f, BYTES, r->bytes);
	add(f, OBJECTS, r->count);
	if (sampling__is_on(&r->sampling)) {
		add(f, LOW_BYTES, r->bytes_range.low);
		add(f, HIGH_BYTES, r->bytes_range.high);
		add(f, LOW_OBJECTS, r->count_range.low);
		add(f, HIGH_OBJECTS, r->count_range.high);
	}
	add(f, YOUNG_BYTES, r->young_bytes);
	add(f, YOUNG_OBJECTS, r->young_count);
	add(f, STACKS, r->n_stacks);
	if (r->has_delta) {
		add_signed(f, GROWTH_BYTES, r->bytes_delta);
		add_signed(f, GROWTH_OBJECTS, r->count_delta);
	}
}

static void add_verdict(const struct figures *f, size_t family, const struct site_verdict *v)
{
	const char *const pairs[][2] = {{"verdict", site_verdict__word(v->kind)},
					{"reason", site_verdict__reason(v->reason)},
					{NULL, NULL}};
	char *all = labels(f->base, pairs);

	if (all)
		exposition__add_real(f->to, family, all, v->sure / 100.0);
	free(all);
}

static void add_verdicts(const struct figures *f, const struct report *r)
{
	int kind;

	add_verdict(f, VERDICT, &r->verdict);
	for (kind = 0; kind < VERDICT_KINDS; kind++) {
		const struct verdict_tally *t = &r->verdicts[kind];
		const char *const pair[][2] = {{"verdict", site_verdict__word(kind)}, {NULL, NULL}};
		const struct figures by = {.to = f->to, .base = labels(f->base, pair)};

		if (!by.base)
			continue;
		add(&by, VERDICT_STACKS, t->stacks);
		add(&by, VERDICT_BYTES, t->bytes);
		exposition__add_real(by.to, VERDICT_RATE, by.base,
				     (double)t->bytes_per_hour / 3600);
		free(by.base);
	}
}

/*
 * Names a stack as long as the program is the same one, wherever it is loaded: entry point,
 * objects, places in them.
 */
static uint64_t stack_id(const struct report_site *site)
{
	uint64_t hash = hashidx__string(hashidx__string(1, site->entry), site->note);
	size_t i;

	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		hash = hashidx__combine(hash, hashidx__string(2, f->function));
		hash = hashidx__combine(hash,
					hashidx__string(3, f->build_id ? f->build_id : f->image));
		hash = hashidx__combine(hash, f->image_vaddr ? f->image_vaddr
					      : f->function  ? f->offset
							     : f->addr);
	}
	return hashidx__combine(hash, site->stack_lost);
}

/* The program's own line, or whoever called the allocator. */
static const struct report_frame *place_of(const struct report_site *site)
{
	static const struct report_frame none;
	const struct report_frame *f = source__frame(site, NULL);
	size_t i = source__allocator_frames(site);

	if (f)
		return f;
	if (!site->n_frames)
		return &none;
	return &site->frames[i < site->n_frames ? i : 0];
}

/* What there is to say of where it is. */
static char *site_labels(const struct figures *f, const struct report_site *site)
{
	const struct report_frame *place = place_of(site);
	char id[20], line[16] = "", address[24];
	const char *function = place->function;

	snprintf(id, sizeof(id), "%016" PRIx64, stack_id(site));
	if (place->line > 0)
		snprintf(line, sizeof(line), "%d", place->line);
	if (!function && site->n_frames) {
		snprintf(address, sizeof(address), "0x%" PRIx64,
			 place->image ? place->image_vaddr : place->addr);
		function = address;
	} else if (!function) {
		function = words__root(site);
	}
	const char *const pairs[][2] = {
		{"stack", id},	       {"entry", site->entry}, {"function", function},
		{"file", place->file}, {"line", line},	       {"image", place->image},
		{NULL, NULL},
	};
	return labels(f->base, pairs);
}

static void add_site(const struct figures *f, const struct report *r,
		     const struct report_site *site)
{
	const struct figures of = {.to = f->to, .base = site_labels(f, site)};

	if (!of.base)
		return;
	if (r->n_processes) {
		add(&of, FOLLOWED_SITE_BYTES, site->bytes);
		add(&of, FOLLOWED_SITE_OBJECTS, site->count);
	} else {
		add(&of, SITE_BYTES, site->bytes);
		add(&of, SITE_OBJECTS, site->count);
		if (r->has_delta)
			add_signed(&of, SITE_GROWTH, site->bytes_delta);
		add_verdict(&of, SITE_VERDICT, &site->verdict);
		exposition__add_real(of.to, SITE_RATE, of.base,
				     (double)site->verdict.bytes_per_hour / 3600);
	}
	free(of.base);
}

static void add_sites(const struct figures *f, const struct report *r, size_t top)
{
	size_t i, n = 0;

	for (i = 0; i < r->n_sites && (!top || n < top); i++) {
		if (!r->sites[i].count) /* of a profile */
			continue;
		add_site(f, r, &r->sites[i]);
		n++;
	}
}

static void add_reach(const struct figures *f, const struct report *r)
{
	int kind;

	if (!reach__is_judged(&r->reach))
		return;
	for (kind = REACH_KINDS; kind-- > 0;) {
		add_by(f, REACH_BYTES, "kind", render_reach_kinds[kind], r->reach.sum[kind].bytes);
		add_by(f, REACH_OBJECTS, "kind", render_reach_kinds[kind],
		       r->reach.sum[kind].count);
	}
}

/* Also those of which there are none: what alerts wait for has to be there. */
static void add_losses(const struct figures *f, size_t family, const struct report_account *a)
{
	const struct {
		const char *reason;
		uint64_t n;
	} losses[] = {
		{"live table full", a->lost_full},
		{"pointer unreadable", a->lost_read},
		{"realloc never returned", a->lost_realloc},
		{"stack table full", a->stack_full},
		{"stack unreadable", a->stack_fault},
		{"no memory for thread", a->no_slot},
		{"notification lost", a->event_lost},
		{"system call missed", a->event_missed},
		{"system call possibly missed", a->event_unsure},
	};
	size_t i;

	for (i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		add_by(f, family, "reason", losses[i].reason, losses[i].n);
}

static void add_missed(const struct figures *f, const struct report_missed *m)
{
	if (!m->known)
		return;
	add_by(f, LOSSES, "reason", "allocation event missed", m->allocations);
	add_by(f, LOSSES, "reason", "free event missed", m->frees);
	add_by(f, LOSSES, "reason", "stack missed", m->stacks);
}

static void add_events(const struct figures *f, const struct report *r)
{
	const struct report_account *a = &r->account;
	const struct {
		const char *event;
		uint64_t n;
	} events[] = {
		{"failed call", a->failed},
		{"call that never returned", a->abandoned},
		{"outside -z and -Z", a->filtered},
		{"passed over by the sample", a->unsampled},
		{"given up at exec", a->gone_exec},
		{"replaced without a free", a->implied},
		{"found free", a->found_free},
		{"free of what was inherited", a->inherited_frees},
		{"untracked free", a->untracked_frees},
	};
	size_t i, n = sizeof(events) / sizeof(*events);

	if (sampling__is_on(&r->sampling) || a->untracked_frees == REPORT_UNTRACKED_UNKNOWN)
		n--;
	for (i = 0; i < n; i++)
		add_by(f, EVENTS, "event", events[i].event, events[i].n);
}

static void add_account(const struct figures *f, const struct report *r)
{
	const struct report_account *a = &r->account;
	size_t i;

	add(f, ALLOCATIONS, a->seen);
	add(f, FREES, a->freed);
	add_losses(f, LOSSES, a);
	add_missed(f, &r->missed);
	add_events(f, r);
	add_by(f, WALKS, "result", "complete", a->stacks_complete);
	for (i = 0; i < REPORT_MAX_CUTS; i++)
		if (a->cuts[i].count)
			add_by(f, WALKS, "result", a->cuts[i].why, a->cuts[i].count);
	add_signed(f, IMBALANCE, a->imbalance ? a->imbalance : report__balance(a));
}

/* Of unsigned values these are, and below 2^63 in all reports that are not forged. */
static void add_part(const struct figures *f, const char *part, uint64_t bytes, bool negative)
{
	const char *const pair[][2] = {{"part", part}, {NULL, NULL}};
	int64_t value = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
	char *all = labels(f->base, pair);

	if (all)
		exposition__add_signed(f->to, USS_PART, all, negative ? -value : value);
	free(all);
}

static void add_memory(const struct figures *f, const struct report_memory *m)
{
	if (!m->known)
		return;
	add(f, USS, m->uss);
	add_signed(f, USS_GROWTH, m->uss_delta);
	add_part(f, "outstanding", m->explained, false);
	add_part(f, "malloc headers", m->headers, false);
	add_part(f, "malloc free lists", m->retained, false);
	add_part(f, "malloc arenas", m->arenas, false);
	add_part(f, "thread stacks", m->stacks, false);
	add_part(f, "anonymous mappings", m->anonymous, false);
	add_part(f, "other mappings", m->other, false);
	add_part(f, "shrunk mappings", m->shrunk, true);
}

static void add_seconds(const struct figures *f, size_t family, uint64_t ns)
{
	exposition__add_real(f->to, family, f->base, (double)ns / 1e9);
}

static void add_cost(const struct figures *f, const struct report_cost *c)
{
	if (!c->known)
		return;
	add_seconds(f, COST_CPU, c->cpu_ns);
	add_seconds(f, COST_REPORT, c->report_ns);
	if (!c->runs)
		return;
	add(f, COST_RUNS, c->runs);
	add_seconds(f, COST_RUN, c->run_ns);
}

static void add_profile(const struct figures *f, const struct report_profile *p)
{
	if (!p)
		return;
	add(f, PROFILE_ALLOCATED, p->bytes);
	add(f, PROFILE_FREED, p->freed_bytes);
	add(f, PROFILE_TEMPORARY, p->temporary);
	add(f, PROFILE_PEAK, p->peak_bytes);
	add(f, PROFILE_PEAK_OBJECTS, p->peak_count);
}

static void add_process(struct exposition *e, const struct report_process *p)
{
	const struct figures f = {.to = e, .base = process_labels(p->pid, p->comm)};

	if (!f.base)
		return;
	add(&f, BYTES, p->bytes);
	add(&f, OBJECTS, p->count);
	add(&f, ALLOCATIONS, p->seen);
	add(&f, FREES, p->freed);
	free(f.base);
}

static void add_sum(const struct figures *f, const struct metrics_sum *sum)
{
	add(f, FOLLOWED, sum->processes);
	add(f, FOLLOWED_BYTES, sum->bytes);
	add(f, FOLLOWED_OBJECTS, sum->count);
	add(f, FOLLOWED_ALLOCATIONS, sum->account.seen);
	add(f, FOLLOWED_FREES, sum->account.freed);
	add_losses(f, FOLLOWED_LOSSES, &sum->account);
}

/* Of what adds up, that which add_sum shows. */
void metrics_sum__add(struct metrics_sum *sum, const struct report *r)
{
	struct report_account *to = &sum->account;
	const struct report_account *a = &r->account;

	sum->bytes += r->bytes;
	sum->count += r->count;
	to->seen += a->seen;
	to->freed += a->freed;
	to->lost_full += a->lost_full;
	to->lost_read += a->lost_read;
	to->lost_realloc += a->lost_realloc;
	to->stack_full += a->stack_full;
	to->stack_fault += a->stack_fault;
	to->no_slot += a->no_slot;
	to->event_lost += a->event_lost;
	to->event_missed += a->event_missed;
	to->event_unsure += a->event_unsure;
}

void metrics__add_sum(struct exposition *e, uint64_t pid, const char *comm,
		      const struct metrics_sum *sum)
{
	const struct figures f = {.to = e, .base = process_labels(pid, comm)};

	if (f.base)
		add_sum(&f, sum);
	free(f.base);
}

/* A report that is a sum already. */
static void add_summed_up(const struct figures *f, const struct report *r)
{
	const struct metrics_sum sum = {.processes = r->n_processes,
					.bytes = r->bytes,
					.count = r->count,
					.account = r->account};
	size_t i;

	add_sum(f, &sum);
	for (i = 0; i < r->n_processes; i++)
		add_process(f->to, &r->processes[i]);
}

void metrics__add(struct exposition *e, const struct report *r, size_t top)
{
	const struct figures f = {.to = e,
				  .base = process_labels(r->pid > 0 ? r->pid : 0, r->comm)};

	if (!f.base)
		return;
	add_origin(&f, r);
	if (r->n_processes) {
		add_summed_up(&f, r);
	} else {
		add_outstanding(&f, r);
		add_verdicts(&f, r);
		add_reach(&f, r);
		add_account(&f, r);
		add_memory(&f, &r->memory);
		add_cost(&f, &r->cost);
		add_profile(&f, r->profile);
	}
	add_sites(&f, r, top);
	free(f.base);
}

static int emit_metrics(FILE *out, const struct report *r, const struct render_opts *opts)
{
	struct exposition *e = metrics__new();
	int err;

	if (!e)
		return -ENOMEM;
	metrics__add(e, r, opts ? opts->top : 0);
	errno = 0;
	err = exposition__write(e, EXPOSITION_TEXT, out);
	exposition__free(e);
	return err ? err : render__end(out);
}

const struct renderer render_metrics = {
	.name = "metrics",
	.emit = emit_metrics,
};
