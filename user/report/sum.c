/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/sum.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/hashidx.h"

/* A warning, and of how many processes. */
struct caution {
	char *sentence;
	size_t n;
};

struct sum {
	struct sum_opts opts;
	uint64_t seed;
	struct report_process *processes;
	size_t n_processes, max_processes;
	size_t n_added; /* reports */
	struct report_site *sites;
	size_t n_sites, max_sites;
	struct hashidx by_site;
	struct caution *cautions;
	size_t n_cautions;
	struct report all;	 /* its numbers; no arrays, no strings but static ones */
	size_t n_judged, n_left; /* --reach: processes with a verdict, and without */
	char why_left[sizeof(((struct report_reach *)0)->why_not)];
	bool all_ended;
};

struct sum *sum__new(const struct sum_opts *opts)
{
	struct sum *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->opts = *opts;
	s->seed = hashidx__seed();
	s->all_ended = true;
	return s;
}

static void free_process(struct report_process *p)
{
	free(p->comm);
	free(p->command);
	free(p->gap);
}

void sum__free(struct sum *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_processes; i++)
		free_process(&s->processes[i]);
	free(s->processes);
	for (i = 0; i < s->n_sites; i++)
		report_frames__free(s->sites[i].frames, s->sites[i].n_frames);
	free(s->sites);
	for (i = 0; i < s->n_cautions; i++)
		free(s->cautions[i].sentence);
	free(s->cautions);
	hashidx__clear(&s->by_site);
	free(s);
}

/* --- processes --- */

static int make_room(void *array, size_t n, size_t *max, size_t size)
{
	size_t new_max = *max ? *max * 2 : 16;
	void **p = array, *grown;

	if (n < *max)
		return 0;
	grown = reallocarray(*p, new_max, size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*max = new_max;
	return 0;
}

size_t sum__process(struct sum *s, uint64_t pid, uint64_t parent, const char *comm)
{
	struct report_process p = {.pid = pid, .parent = parent, .comm = strdup(comm)};

	if (!p.comm || s->n_processes >= SUM_MAX_PROCESSES ||
	    make_room(&s->processes, s->n_processes, &s->max_processes, sizeof(p))) {
		free(p.comm);
		return SUM_MAX_PROCESSES;
	}
	s->processes[s->n_processes] = p;
	return s->n_processes++;
}

struct report_process *sum__at(struct sum *s, size_t number)
{
	return number < s->n_processes ? &s->processes[number] : NULL;
}

void sum__set_gap(struct sum *s, size_t number, const char *gap)
{
	struct report_process *p = sum__at(s, number);

	if (!p)
		return;
	free(p->gap);
	p->gap = gap ? strdup(gap) : NULL;
}

/* --- sites --- */

static uint64_t place_of(const struct report_frame *f)
{
	return f->image_path ? f->image_vaddr : f->addr;
}

static uint64_t hash_site(const struct sum *s, const struct report_site *site)
{
	uint64_t hash = hashidx__string(hashidx__string(s->seed, site->entry), site->note);
	size_t i;

	hash = hashidx__combine(hash, site->n_frames << 1 | site->stack_lost);
	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		hash = hashidx__string(hash, f->image_path ? f->image_path : f->image);
		hash = hashidx__combine(hash, place_of(f));
	}
	return hash;
}

static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	return strcmp(a, b);
}

static int compare_frames(const struct report_frame *a, const struct report_frame *b)
{
	int order = compare_strings(a->image_path, b->image_path);

	if (!order)
		order = compare_strings(a->image, b->image);
	if (!order)
		order = compare_strings(a->build_id, b->build_id);
	if (!order)
		order = (place_of(a) > place_of(b)) - (place_of(a) < place_of(b));
	if (!order)
		order = a->inlined - b->inlined;
	if (!order)
		order = compare_strings(a->function, b->function);
	return order ? order : a->interrupted - b->interrupted;
}

/* 0: they are the same call site. */
static int compare_sites(const struct report_site *a, const struct report_site *b)
{
	int order = compare_strings(a->entry, b->entry);
	size_t i;

	if (!order)
		order = compare_strings(a->note, b->note);
	if (!order)
		order = a->stack_lost - b->stack_lost;
	if (!order)
		order = compare_strings(a->stack_cut, b->stack_cut);
	if (!order)
		order = (a->n_frames > b->n_frames) - (a->n_frames < b->n_frames);
	for (i = 0; i < a->n_frames && !order; i++)
		order = compare_frames(&a->frames[i], &b->frames[i]);
	return order;
}

static bool same_site(const void *ctx, uint32_t idx, const void *key)
{
	return !compare_sites(&((const struct sum *)ctx)->sites[idx], key);
}

/* The target chooses sizes: a total sticks at the top instead of wrapping. */
static void add(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

/* The sum of bounds bounds the sum, if more widely than it would have to. */
static void add_range(struct estimate_range *sum, const struct estimate_range *r)
{
	add(&sum->low, r->low);
	add(&sum->high, r->high);
}

static int find_site(struct sum *s, const struct report_site *site, struct report_site **found)
{
	uint64_t hash = hash_site(s, site);
	uint32_t idx = hashidx__find(&s->by_site, hash, same_site, s, site);
	struct report_site *new;
	int err;

	if (idx == HASHIDX_NONE) {
		err = make_room(&s->sites, s->n_sites, &s->max_sites, sizeof(*s->sites));
		if (!err)
			err = hashidx__reserve(&s->by_site);
		if (err)
			return err;
		new = &s->sites[s->n_sites];
		*new = (struct report_site){.entry = site->entry,
					    .note = site->note,
					    .n_frames = site->n_frames,
					    .stack_lost = site->stack_lost,
					    .stack_cut = site->stack_cut,
					    .youngest_ns = UINT64_MAX};
		err = report_frames__copy(site->frames, site->n_frames, &new->frames);
		if (err)
			return err;
		idx = s->n_sites++;
		hashidx__put(&s->by_site, hash, idx);
	}
	*found = &s->sites[idx];
	return 0;
}

static int add_site(struct sum *s, const struct report_site *site)
{
	struct report_site *to;
	int err = find_site(s, site, &to), i;

	if (err)
		return err;
	add(&to->bytes, site->bytes);
	add(&to->count, site->count);
	add(&to->sampled, site->sampled);
	add_range(&to->bytes_range, &site->bytes_range);
	add_range(&to->count_range, &site->count_range);
	if (site->youngest_ns < to->youngest_ns)
		to->youngest_ns = site->youngest_ns;
	if (site->oldest_ns > to->oldest_ns)
		to->oldest_ns = site->oldest_ns;
	for (i = 0; i < REACH_KINDS; i++)
		reach_sum__add(&to->reach[i], site->reach[i].bytes, site->reach[i].count);
	reach_sum__add(&to->under, site->under.bytes, site->under.count);
	return 0;
}

/* --- the rest --- */

static void add_cut(struct report_account *to, const struct report_cut *cut)
{
	size_t i;

	if (!cut->count)
		return;
	for (i = 0; i < REPORT_MAX_CUTS - 1; i++) /* what has no place joins the last one */
		if (!to->cuts[i].count || !compare_strings(to->cuts[i].why, cut->why))
			break;
	if (!to->cuts[i].count)
		to->cuts[i].why = cut->why;
	to->cuts[i].count += cut->count;
}

static void add_account(struct report_account *to, const struct report_account *a)
{
	size_t i;

	to->seen += a->seen;
	to->freed += a->freed;
	to->outstanding += a->outstanding;
	to->lost_full += a->lost_full;
	to->lost_read += a->lost_read;
	to->lost_realloc += a->lost_realloc;
	to->gone_exec += a->gone_exec;
	to->implied += a->implied;
	to->found_free += a->found_free;
	to->untracked_frees += a->untracked_frees;
	to->inherited_frees += a->inherited_frees;
	to->failed += a->failed;
	to->abandoned += a->abandoned;
	to->no_slot += a->no_slot;
	to->filtered += a->filtered;
	to->unsampled += a->unsampled;
	to->stack_full += a->stack_full;
	to->stack_fault += a->stack_fault;
	to->event_lost += a->event_lost;
	to->event_missed += a->event_missed;
	to->event_unsure += a->event_unsure;
	to->stacks_complete += a->stacks_complete;
	to->stacks_cut += a->stacks_cut;
	to->stacks_sampled |= a->stacks_sampled;
	to->imbalance += a->imbalance;
	for (i = 0; i < REPORT_MAX_CUTS; i++)
		add_cut(to, &a->cuts[i]);
}

static void add_reach(struct sum *s, const struct report_reach *r)
{
	struct report_reach *to = &s->all.reach;
	int i;

	if (!r->wanted)
		return;
	to->wanted = true;
	if (!reach__is_judged(r)) {
		if (!s->n_left++)
			snprintf(s->why_left, sizeof(s->why_left), "%s", r->why_not);
	} else if (!s->n_judged++ || r->scans < to->scans) {
		to->scans = r->scans;
		to->apart_ns = r->apart_ns;
	}
	if (r->pause_ns > to->pause_ns)
		to->pause_ns = r->pause_ns;
	add(&to->copied, r->copied);
	add(&to->mark_ns, r->mark_ns);
	add(&to->heap_roots, r->heap_roots);
	add(&to->swapped, r->swapped);
	for (i = 0; i < REACH_KINDS; i++)
		reach_sum__add(&to->sum[i], r->sum[i].bytes, r->sum[i].count);
}

static int add_caution(struct sum *s, const char *sentence)
{
	struct caution *grown;
	size_t i;

	for (i = 0; i < s->n_cautions; i++)
		if (!strcmp(s->cautions[i].sentence, sentence)) {
			s->cautions[i].n++;
			return 0;
		}
	grown = reallocarray(s->cautions, s->n_cautions + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->cautions = grown;
	grown[s->n_cautions].n = 1;
	grown[s->n_cautions].sentence = strdup(sentence);
	return grown[s->n_cautions].sentence ? (s->n_cautions++, 0) : -ENOMEM;
}

static void add_totals(struct report *to, const struct report *r)
{
	add(&to->bytes, r->bytes);
	add(&to->count, r->count);
	add(&to->sampled, r->sampled);
	add_range(&to->bytes_range, &r->bytes_range);
	add_range(&to->count_range, &r->count_range);
	add(&to->young_bytes, r->young_bytes);
	add(&to->young_count, r->young_count);
	to->older_ns = r->older_ns;
	to->sampling = r->sampling;
	to->combined_only = r->combined_only;
	to->site_name = r->site_name;
	to->max_live = r->max_live;
	to->max_stacks = r->max_stacks;
	to->most_live = r->most_live;
	to->partial |= r->partial;
	add_account(&to->account, &r->account);
}

int sum__add(struct sum *s, size_t number, const struct report *r)
{
	struct report_process *p = sum__at(s, number);
	size_t i;
	int err = 0;

	for (i = 0; i < r->n_sites && !err; i++)
		err = add_site(s, &r->sites[i]);
	for (i = 0; i < r->n_warnings && !err; i++)
		err = add_caution(s, r->warnings[i]);
	if (err)
		return err;
	add_totals(&s->all, r);
	add_reach(s, &r->reach);
	s->all_ended &= r->target_ended;
	s->n_added++;
	if (!p)
		return 0;
	p->bytes = r->bytes;
	p->count = r->count;
	p->seen = r->account.seen;
	p->freed = r->account.freed;
	p->lost = report__lost(&r->account);
	p->gone_exec = r->account.gone_exec;
	p->ended = r->target_ended;
	return 0;
}

/* --- the report --- */

static int copy_string(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static int copy_processes(const struct sum *s, struct report *r)
{
	size_t i;

	r->processes = calloc(s->n_processes + 1, sizeof(*r->processes));
	if (!r->processes)
		return -ENOMEM;
	for (i = 0; i < s->n_processes; i++) {
		const struct report_process *from = &s->processes[i];
		struct report_process *to = &r->processes[r->n_processes++];

		*to = *from;
		to->comm = to->command = to->gap = NULL;
		if (copy_string(&to->comm, from->comm) ||
		    copy_string(&to->command, from->command) || copy_string(&to->gap, from->gap))
			return -ENOMEM;
	}
	return 0;
}

static int copy_cautions(const struct sum *s, struct report *r)
{
	char *sentence;
	size_t i;
	int err = 0;

	for (i = 0; i < s->n_cautions && !err; i++) {
		if (s->cautions[i].n == s->n_added) {
			err = report__warn(r, s->cautions[i].sentence);
			continue;
		}
		if (asprintf(&sentence, "%s (%zu of %zu processes)", s->cautions[i].sentence,
			     s->cautions[i].n, s->n_added) < 0)
			return -ENOMEM;
		err = report__warn(r, sentence);
		free(sentence);
	}
	if (!err && s->n_judged && s->n_left) {
		if (asprintf(&sentence,
			     "%zu of %zu processes were not looked at for what can be reached: %s",
			     s->n_left, s->n_judged + s->n_left, s->why_left) < 0)
			return -ENOMEM;
		err = report__warn(r, sentence);
		free(sentence);
	}
	return err;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

/* As the model has it, see compare_places there. */
static int compare_shown(const void *pa, const void *pb, void *arg)
{
	const struct report_site *a = pa, *b = pb;
	const struct sum_opts *opts = arg;
	int by_bytes = descending(a->bytes, b->bytes), by_count = descending(a->count, b->count);
	int order = (a->note != NULL) - (b->note != NULL);

	if (!order && opts->lost_first)
		order = descending(a->reach[REACH_DEFINITE].count > 0,
				   b->reach[REACH_DEFINITE].count > 0);
	if (!order)
		order = opts->sort == REPORT_SORT_COUNT ? by_count : by_bytes;
	if (!order)
		order = opts->sort == REPORT_SORT_COUNT ? by_bytes : by_count;
	return order ? order : compare_sites(a, b);
}

static int copy_sites(struct sum *s, struct report *r)
{
	size_t i;

	r->sites = calloc(s->n_sites + 1, sizeof(*r->sites));
	if (!r->sites)
		return -ENOMEM;
	for (i = 0; i < s->n_sites; i++) {
		struct report_site *to = &r->sites[r->n_sites++];

		*to = s->sites[i];
		to->profile = NULL; /* belongs to the report of one process */
		to->holders = NULL;
		to->n_holders = 0;
		if (report_frames__copy(s->sites[i].frames, s->sites[i].n_frames, &to->frames))
			return -ENOMEM;
	}
	r->n_stacks = r->n_sites;
	qsort_r(r->sites, r->n_sites, sizeof(*r->sites), compare_shown, &s->opts);
	return 0;
}

int sum__report(struct sum *s, struct report **out)
{
	struct report *r = malloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	*r = s->all;
	if (r->reach.wanted && !s->n_judged)
		snprintf(r->reach.why_not, sizeof(r->reach.why_not), "%s", s->why_left);
	r->target_ended = s->all_ended;
	r->partial |= s->n_judged && s->n_left; /* what was not judged may have leaked, too */
	err = copy_sites(s, r);
	if (!err)
		err = copy_processes(s, r);
	if (!err)
		err = copy_cautions(s, r);
	if (err) {
		report__free(r);
		return err;
	}
	*out = r;
	return 0;
}
