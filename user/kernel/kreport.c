/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kreport_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/kgroups.h"
#include "kernel/klines.h"
#include "kernel/kobjects.h"
#include "kernel/ksession.h"
#include "kernel/kstacks.h"
#include "kernel/slub.h"
#include "render/format.h"
#include "report/report.h"

struct kreport *kreport__new(const struct kreport_opts *opts, struct ksession *session,
			     const struct btf *btf, const struct kallsyms *symbols)
{
	struct kreport *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->opts = *opts;
	r->session = session;
	r->symbols = symbols;
	r->btf = btf;
	r->sites = ksession__sites(session);
	r->n_stacks = ksession__max_stack_key(session) + 1;
	r->by_stack = calloc(r->n_stacks, sizeof(*r->by_stack));
	r->model = model__new(&opts->model, kreport__resolve, r);
	r->groups = kgroups__new(session, symbols);
	if (!r->by_stack || !r->groups || !r->model || kdead__open(r) || kcheck__begin(r)) {
		kreport__free(r);
		return NULL;
	}
	return r;
}

void kreport__free(struct kreport *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < KERNEL_SITES; i++)
		free(r->entry[i]);
	free(r->by_stack);
	kgroups__free(r->groups);
	slub__free(r->slub);
	free(r->percpu_offset);
	free(r->runqueue);
	free(r->caches);
	kobjects__clear(&r->objects);
	slabinfo__clear(&r->slabs_before);
	free(r->held_before);
	slabinfo__clear(&r->slabs_now);
	free(r->held_now);
	model__free(r->model);
	free(r);
}

void kreport__start(struct kreport *r, uint64_t now_ns)
{
	model__start(r->model, now_ns);
}

/* --- sites and stacks --- */

bool kreport__origin(const struct kreport *r, uint64_t when, uint32_t *site, uint32_t *key)
{
	uint32_t from = OBJECT_ORIGIN(when);
	const struct stack_trace *trace;

	*key = 0;
	if (from > KERNEL_SITES) {
		*key = from - KERNEL_SITES;
		trace = ksession__stack(r->session, *key);
		from = trace ? KSTACK_SITE(trace->head.end) : 0;
	}
	*key = kgroups__stack(r->groups, *key);
	*site = kgroups__site(r->groups, from - 1);
	return from && from <= KERNEL_SITES;
}

bool kreport__is_by_stack(const struct kreport *r, uint32_t site)
{
	return r->opts.by_stack || !r->sites[site].call_site;
}

static const char *class_name(const struct kernel_site *site)
{
	switch (site->class) {
	case KERNEL_KMALLOC:
		return "kmalloc";
	case KERNEL_CACHE:
		return "kmem_cache_alloc";
	case KERNEL_PAGES:
		return "pages";
	case KERNEL_PERCPU:
		return "percpu";
	case KERNEL_VMALLOC:
		return "vmalloc";
	default:
		return "?";
	}
}

/* A string of its own for each site: by its address the site is found again. */
const char *kreport__entry(struct kreport *r, uint32_t site)
{
	const struct kernel_site *s = &r->sites[site];
	int n;

	if (!r->entry[site]) {
		n = asprintf(&r->entry[site], "%s%s%.*s", class_name(s), s->name[0] ? " " : "",
			     (int)sizeof(s->name), s->name);
		if (n < 0)
			r->entry[site] = NULL;
	}
	return r->entry[site];
}

int kreport__resolve(uint64_t key, struct model_stack *out, void *arg)
{
	struct kreport *r = arg;
	const struct stack_trace *trace;
	const struct kernel_site *site;
	uint32_t id;

	if (key <= KERNEL_SITES) {
		site = &r->sites[key - 1];
		out->lost = !site->call_site;
		if (out->lost)
			return 0;
		out->frames = calloc(1, sizeof(*out->frames));
		if (!out->frames)
			return -ENOMEM;
		out->n_frames = 1;
		return kstacks__frame(r->symbols, site->call_site, out->frames);
	}
	trace = ksession__stack(r->session, key - KERNEL_SITES);
	out->lost = !trace;
	if (!trace)
		return 0;
	id = KSTACK_SITE(trace->head.end);
	return kstacks__resolve(r->symbols, trace,
				id && id <= KERNEL_SITES ? r->sites[id - 1].call_site : 0, out);
}

/* --- the snapshot --- */

bool kreport__is_young(const struct kreport *r, const struct kobject *o)
{
	uint64_t birth = ksession__time_of(&r->clock, OBJECT_BIRTH(o->when));
	uint64_t age = r->clock.now_ns > birth ? r->clock.now_ns - birth : 0;

	return !r->opts.model.combined_only && age < r->opts.model.older_ns;
}

static void add_to(struct tally *t, const struct kobject *o)
{
	t->count++;
	t->alloc += kobject__alloc(o);
	t->req += kobject__req(o);
}

static int add_object(struct kreport *r, const struct kobject *o)
{
	struct model_block block = {
		.addr = o->addr,
		.size = kobject__alloc(o),
		.birth_ns = ksession__time_of(&r->clock, OBJECT_BIRTH(o->when)),
		.birth_ticks = ksession__ticks_of(&r->clock, OBJECT_BIRTH(o->when)),
		.entry = "?",
	};
	bool young = kreport__is_young(r, o);
	uint32_t site, key;

	if (kreport__origin(r, o->when, &site, &key)) {
		if (!young)
			add_to(&r->by_site[site], o);
		block.stack = kreport__is_by_stack(r, site) && key ? KERNEL_SITES + (uint64_t)key
								   : site + 1;
		block.entry = kreport__entry(r, site);
		if (!block.entry)
			return -ENOMEM;
	}
	if (key && key < r->n_stacks && !young)
		add_to(&r->by_stack[key], o);
	return model__add(r->model, &block);
}

static void fill_account(const struct kreport *r, const struct ksession_stats *st,
			 uint64_t outstanding, struct report_account *a)
{
	size_t i;

	for (i = 0; i < KERNEL_SITES; i++)
		a->seen += r->seen[i];
	a->seen += st->sum[KSTAT_NO_SITE] + st->sum[KSTAT_PIECES];
	a->lost_full = st->sum[KSTAT_FULL] + st->sum[KSTAT_NO_SITE];
	a->outstanding = outstanding;
	a->freed = a->seen - outstanding - a->lost_full;
	a->found_free = r->n_found;
	a->implied = st->sum[KSTAT_IMPLIED];
	/* a free of what the filter rejected looks like any other */
	a->untracked_frees = r->opts.selective ? REPORT_UNTRACKED_UNKNOWN
					       : st->sum[KSTAT_UNTRACKED];
	a->failed = st->sum[KSTAT_FAILED];
	a->filtered = st->sum[KSTAT_FILTERED];
	a->stack_full = st->sum[KSTAT_NO_STACK];
	a->stacks_sampled = !r->opts.by_stack;
	ksession__stacks_taken(r->session, &a->stacks_complete, &a->stacks_cut);
}

/* Losses that only this kind of trace has. */
static int warn(const struct kreport *r, const struct ksession_stats *st, struct report *report)
{
	char number[FORMAT_NUMBER_SIZE], line[300];
	int err = 0;

	if (st->missed_allocs) {
		snprintf(line, sizeof(line),
			 "%s allocations were not seen: they were made by interrupts that came "
			 "while an event of the same kind was being handled",
			 format__number(number, st->missed_allocs));
		err = report__warn(report, line);
	}
	if (!err && st->missed_frees && !r->slub_answers) {
		snprintf(
			line, sizeof(line),
			"%s frees were not seen, for the same reason; objects may be reported that "
			"are free",
			format__number(number, st->missed_frees));
		err = report__warn(report, line);
	}
	if (!err && !r->slub_answers)
		err = report__warn(
			report,
			"objects freed in bulk or through kfree_rcu may be reported although they "
			"are free: this kernel has no events of that, and its slabs could not be "
			"looked into");
	if (!err && st->sum[KSTAT_STACK_BUSY]) {
		snprintf(line, sizeof(line),
			 "%s stacks were not taken: an interrupt came while another one was",
			 format__number(number, st->sum[KSTAT_STACK_BUSY]));
		err = report__warn(report, line);
	}
	return err;
}

/*
 * The objects that were born before an epoch began. The check looks at caches between two readings
 * of the table; what it looked at stands between what both say.
 */
static int read_objects(struct kreport *r, uint32_t epoch)
{
	struct kobjects before = {0}, gone = {0}, since = {0};
	int err;

	err = kobjects__collect(r->session, epoch, &r->objects, &before);
	/* what went while they were collected had gone before */
	if (!err)
		err = kobjects__sift(r->session, &r->objects, NULL);
	if (!err)
		err = kobjects__sift(r->session, &before, NULL);
	if (!err)
		err = kcheck__look(r);
	if (!err)
		err = kobjects__sift(r->session, &before, &gone);
	if (!err)
		err = kobjects__sift(r->session, &r->objects, &gone);
	if (!err)
		err = kobjects__collect(r->session, epoch, NULL, &since);
	if (!err)
		err = kdead__count_moving(r, &gone, &since);
	if (!err)
		err = kdead__drop(r);
	if (!err)
		err = kobjects__confirm(r->session, &r->objects);
	kobjects__clear(&before);
	kobjects__clear(&gone);
	kobjects__clear(&since);
	return err;
}

int kreport__take(struct kreport *r, struct report **out)
{
	struct ksession_stats stats;
	struct report *report = NULL;
	uint32_t epoch;
	size_t i;
	int err;

	kobjects__clear(&r->objects);
	err = ksession__read_clock(r->session, &r->clock);
	if (!err)
		err = model__begin(r->model, r->clock.now_ns, false);
	if (!err)
		err = ksession__next_epoch(r->session, &epoch, r->seen);
	if (!err)
		err = read_objects(r, epoch);
	if (!err)
		err = kdead__drop_in_hand(r);
	if (err)
		goto cleanup;
	model__ticks(r->model, ksession__ticks_of(&r->clock, r->clock.now), r->clock.tick_ns);
	kgroups__update(r->groups);
	memset(r->by_site, 0, sizeof(r->by_site));
	memset(r->by_stack, 0, r->n_stacks * sizeof(*r->by_stack));
	for (i = 0; i < r->objects.n && !err; i++)
		err = add_object(r, &r->objects.at[i]);
	if (!err)
		err = model__finish(r->model, &report);
	if (err)
		goto cleanup;
	report->time = time(NULL);
	report->site_name = r->opts.by_stack ? NULL : "call site";
	ksession__stats(r->session, &stats);
	fill_account(r, &stats, r->objects.n, &report->account);
	report->cost.runs = stats.runs;
	report->cost.run_ns = stats.run_ns;
	report->missed = (struct report_missed){
		.known = true,
		.allocations = stats.missed_allocs,
		.frees = r->slub_answers ? 0 : stats.missed_frees, /* else they are found */
		.stacks = stats.sum[KSTAT_STACK_BUSY],
	};
	for (i = 0; i < report->n_sites && !err; i++)
		err = ksites__complete(r, &report->sites[i]);
	for (i = 0; i < report->n_sites && !err; i++)
		err = klines__annotate(r->opts.lines, &report->sites[i].frames,
				       &report->sites[i].n_frames);
	klines__rest(r->opts.lines);
	if (!err)
		err = kcheck__print(r, &report->checks);
	if (!err)
		err = warn(r, &stats, report);
	if (err)
		goto cleanup;
	*out = report;
	report = NULL;
cleanup:
	report__free(report);
	return err;
}
