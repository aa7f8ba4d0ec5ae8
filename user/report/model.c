/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/model_priv.h"
#include "report/stackset.h"

struct model *model__new(const struct model_opts *opts, model_stack_fn fn, void *arg)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->opts = *opts;
	m->seed = hashidx__seed();
	m->stacks = stackset__new(fn, arg, m->seed);
	if (!m->stacks) {
		free(m);
		return NULL;
	}
	return m;
}

void model__free(struct model *m)
{
	if (!m)
		return;
	model_history__clear(m);
	stackset__free(m->stacks);
	free(m->places);
	free(m->groups);
	free(m->members);
	free(m->profiles);
	hashidx__clear(&m->by_place);
	hashidx__clear(&m->by_group);
	free(m);
}

static void sum_merge(struct sum *sum, const struct sum *other)
{
	sum->bytes = model__add_up(sum->bytes, other->bytes);
	sum->count = model__add_up(sum->count, other->count);
	estimate__merge(&sum->all_bytes, &other->all_bytes);
	estimate__merge(&sum->all_count, &other->all_count);
}

/* Does a block of that size stand for others, too? */
static double chance(const struct model *m, uint64_t size, bool certain)
{
	return certain ? 1 : sampling__chance(&m->opts.sampling, size);
}

static void sum_add(const struct model *m, struct sum *sum, const struct model_block *b)
{
	double p;

	sum->bytes = model__add_up(sum->bytes, b->size);
	sum->count = model__add_up(sum->count, 1);
	if (!sampling__is_on(&m->opts.sampling))
		return;
	p = chance(m, b->size, b->certain);
	estimate__add(&sum->all_bytes, (double)b->size, p);
	estimate__add(&sum->all_count, 1, p);
}

static void judged_merge(struct judged *sum, const struct judged *other)
{
	int i;

	for (i = 0; i < REACH_KINDS; i++)
		reach_sum__add(&sum->kind[i], other->kind[i].bytes, other->kind[i].count);
	reach_sum__add(&sum->under, other->under.bytes, other->under.count);
}

/* What is reported: without sampling the integers, which are exact at any size. */
static uint64_t sum_bytes(const struct model *m, const struct sum *sum)
{
	return sampling__is_on(&m->opts.sampling) ? estimate__value(&sum->all_bytes) : sum->bytes;
}

static uint64_t sum_count(const struct model *m, const struct sum *sum)
{
	return sampling__is_on(&m->opts.sampling) ? estimate__value(&sum->all_count) : sum->count;
}

static int64_t difference(uint64_t a, uint64_t b)
{
	if (a >= b)
		return a - b > INT64_MAX ? INT64_MAX : (int64_t)(a - b);
	return b - a > INT64_MAX ? -INT64_MAX : -(int64_t)(b - a);
}

/* A block may be born on another CPU just after now was read. */
static uint64_t age(const struct model *m, uint64_t birth_ns)
{
	return m->now_ns > birth_ns ? m->now_ns - birth_ns : 0;
}

/* Doubles array when it is full. */
static int make_room(void *array, size_t n, size_t *max, size_t size)
{
	size_t new_max = *max ? *max * 2 : 256;
	void **p = array, *grown;

	if (n < *max)
		return 0;
	if (new_max >= HASHIDX_NONE)
		return -ENOSPC;
	grown = reallocarray(*p, new_max, size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*max = new_max;
	return 0;
}

void model__start(struct model *m, uint64_t now_ns)
{
	model_history__start(m, now_ns);
}

void model__begin_program(struct model *m)
{
	m->program_begins = true;
}

int model__begin(struct model *m, uint64_t now_ns, bool all_ages)
{
	m->snapshot++;
	m->now_ns = now_ns;
	m->all_ages = all_ages || m->opts.combined_only || m->opts.older_ns == UINT64_MAX;
	m->young = (struct sum){0};
	m->n_groups = m->n_members = m->n_profiles = 0;
	hashidx__reset(&m->by_group);
	model_history__begin(m);
	return 0;
}

void model__ticks(struct model *m, uint64_t now, uint64_t tick_ns)
{
	model_history__ticks(m, now, tick_ns);
}

/*
 * Entry and note are compared as pointers here, once for every block; equal strings at different
 * addresses meet when groups become places.
 */
static bool same_group(const void *ctx, uint32_t idx, const void *key)
{
	const struct group *g = &((const struct model *)ctx)->groups[idx];
	const struct model_block *b = key;

	return g->stack == b->stack && g->entry == b->entry && g->note == b->note;
}

static int get_group(struct model *m, const struct model_block *b, uint32_t *idx)
{
	uint64_t hash = hashidx__combine(m->seed, b->stack);
	int err;

	hash = hashidx__combine(hash, (uintptr_t)b->entry ^ (uintptr_t)b->note << 32);
	*idx = hashidx__find(&m->by_group, hash, same_group, m, b);
	if (*idx != HASHIDX_NONE)
		return 0;
	err = make_room(&m->groups, m->n_groups, &m->max_groups, sizeof(*m->groups));
	if (!err)
		err = model_history__room(m);
	if (!err)
		err = hashidx__reserve(&m->by_group);
	if (err)
		return err;
	*idx = m->n_groups++;
	m->groups[*idx] = (struct group){
		.stack = b->stack,
		.entry = b->entry,
		.note = b->note,
		.profile = HASHIDX_NONE,
		.first_ns = UINT64_MAX,
	};
	hashidx__put(&m->by_group, hash, *idx);
	return 0;
}

int model__add(struct model *m, const struct model_block *b)
{
	struct group *g;
	uint32_t idx;
	int err;

	if (!m->all_ages && age(m, b->birth_ns) < m->opts.older_ns) {
		sum_add(m, &m->young, b);
		return 0;
	}
	if (m->opts.show_blocks) {
		err = make_room(&m->members, m->n_members, &m->max_members, sizeof(*m->members));
		if (err)
			return err;
	}
	err = get_group(m, b, &idx);
	if (err)
		return err;
	g = &m->groups[idx];
	sum_add(m, &g->sum, b);
	model_history__add(m, idx, b, 1 / chance(m, b->size, b->certain));
	reach_sum__add(&g->judged.kind[b->reach], b->size, 1);
	reach_sum__add(&g->judged.under, b->under.bytes, b->under.count);
	if (b->birth_ns < g->first_ns)
		g->first_ns = b->birth_ns;
	if (b->birth_ns > g->last_ns)
		g->last_ns = b->birth_ns;
	if (m->opts.show_blocks)
		m->members[m->n_members++] = (struct member){
			.addr = b->addr,
			.size = b->size,
			.birth_ns = b->birth_ns,
			.group = idx,
			.certain = b->certain,
			.reach = b->reach,
		};
	return 0;
}

int model__add_profile(struct model *m, uint64_t stack, const char *entry,
		       const struct report_profile *profile)
{
	const struct model_block b = {.stack = stack, .entry = entry};
	struct group *g;
	uint32_t idx;
	int err;

	err = make_room(&m->profiles, m->n_profiles, &m->max_profiles, sizeof(*m->profiles));
	if (!err)
		err = get_group(m, &b, &idx);
	if (err)
		return err;
	g = &m->groups[idx];
	if (g->profile == HASHIDX_NONE) {
		g->profile = m->n_profiles++;
		m->profiles[g->profile] = *profile;
	} else {
		report_profile__add(&m->profiles[g->profile], profile);
	}
	return 0;
}

static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	return a == b ? 0 : strcmp(a, b);
}

static bool same_place(const void *ctx, uint32_t idx, const void *key)
{
	const struct place *a = &((const struct model *)ctx)->places[idx], *b = key;

	return a->stack == b->stack && !compare_strings(a->entry, b->entry) &&
	       !compare_strings(a->note, b->note);
}

static int get_place(struct model *m, const struct group *g, uint32_t *idx)
{
	struct place place = {.entry = g->entry, .note = g->note, .shown = HASHIDX_NONE};
	uint64_t hash;
	int err;

	err = stackset__get(m->stacks, g->stack, &place.stack);
	if (err)
		return err;
	hash = hashidx__combine(m->seed, place.stack);
	hash = hashidx__string(hashidx__string(hash, g->entry), g->note);
	*idx = hashidx__find(&m->by_place, hash, same_place, m, &place);
	if (*idx != HASHIDX_NONE)
		return 0;
	err = make_room(&m->places, m->n_places, &m->max_places, sizeof(*m->places));
	if (!err)
		err = hashidx__reserve(&m->by_place);
	if (err)
		return err;
	*idx = m->n_places++;
	m->places[*idx] = place;
	hashidx__put(&m->by_place, hash, *idx);
	return 0;
}

/* The first profile of a place takes in the others. */
static void tally_profile(struct model *m, struct tally *t, uint32_t profile)
{
	if (t->profile == HASHIDX_NONE)
		t->profile = profile;
	else if (profile != HASHIDX_NONE)
		report_profile__add(&m->profiles[t->profile], &m->profiles[profile]);
}

/* Add the groups up into places; *list: the places that hold something now. */
static int gather(struct model *m, uint32_t **list, size_t *n)
{
	uint32_t *places;
	size_t i;

	*list = NULL;
	*n = 0;
	if (!m->n_groups)
		return 0;
	places = calloc(m->n_groups, sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (i = 0; i < m->n_groups; i++) {
		struct group *g = &m->groups[i];
		struct tally *t;
		int err = get_place(m, g, &g->place);

		if (err) {
			free(places);
			return err;
		}
		t = &m->places[g->place].now;
		if (t->snapshot != m->snapshot) {
			*t = (struct tally){.snapshot = m->snapshot,
					    .first_ns = UINT64_MAX,
					    .profile = HASHIDX_NONE};
			places[(*n)++] = g->place;
		}
		tally_profile(m, t, g->profile);
		sum_merge(&t->sum, &g->sum);
		judged_merge(&t->judged, &g->judged);
		if (g->first_ns < t->first_ns)
			t->first_ns = g->first_ns;
		if (g->last_ns > t->last_ns)
			t->last_ns = g->last_ns;
	}
	for (i = 0; i < *n; i++) {
		struct tally *t = &m->places[places[i]].now;

		t->bytes = sum_bytes(m, &t->sum);
		t->count = sum_count(m, &t->sum);
	}
	*list = places;
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

/* What a place counts for in the view. */
static uint64_t weight(const struct model *m, const struct tally *t, bool by_count)
{
	struct report_site site = {.bytes = t->bytes, .count = t->count};

	if (t->profile != HASHIDX_NONE)
		site.profile = &m->profiles[t->profile];
	return report_measure__weight(report_site__measure(&site, m->opts.view), m->opts.view,
				      by_count);
}

static bool in_view(const struct model *m, const struct tally *t)
{
	return weight(m, t, false) || weight(m, t, true);
}

/* No two places are equal in all of these, so the order is the same each time. */
static int compare_places(const void *pa, const void *pb, void *arg)
{
	const struct model *m = arg;
	const struct place *a = &m->places[*(const uint32_t *)pa];
	const struct place *b = &m->places[*(const uint32_t *)pb];
	int by_bytes = descending(a->now.bytes, b->now.bytes);
	int by_count = descending(a->now.count, b->now.count);
	bool count_first = m->opts.sort == REPORT_SORT_COUNT;
	bool verdict_first = m->opts.sort == REPORT_SORT_VERDICT;
	bool leaked = m->opts.view == REPORT_VIEW_LEAKED;
	const struct reach_sum *lost_a = &a->now.judged.kind[REACH_DEFINITE];
	const struct reach_sum *lost_b = &b->now.judged.kind[REACH_DEFINITE];
	/* what has nothing in the view; then address space that holds no data of its own, like
	 * thread stacks, which says least: last */
	int order = descending(in_view(m, &a->now), in_view(m, &b->now));

	if (!order)
		order = (a->note != NULL) - (b->note != NULL);
	if (!order && m->opts.lost_first && leaked)
		order = descending(lost_a->count > 0, lost_b->count > 0);
	if (!order && verdict_first && leaked)
		order = site_verdict__rank(a->verdict.kind) - site_verdict__rank(b->verdict.kind);
	if (!order)
		order = descending(weight(m, &a->now, count_first),
				   weight(m, &b->now, count_first));
	if (!order)
		order = count_first ? by_count : by_bytes;
	if (!order)
		order = count_first ? by_bytes : by_count;
	if (!order)
		order = compare_strings(a->entry, b->entry);
	if (!order)
		order = compare_strings(a->note, b->note);
	if (!order)
		order = stackset__compare(m->stacks, a->stack, b->stack);
	return order;
}

/* Where the true values lie: with sampling, around what is reported. */
static void fill_ranges(const struct model *m, const struct sum *sum, uint64_t bytes,
			uint64_t count, struct estimate_range *bytes_range,
			struct estimate_range *count_range)
{
	*bytes_range = (struct estimate_range){bytes, bytes};
	*count_range = (struct estimate_range){count, count};
	if (!sampling__is_on(&m->opts.sampling))
		return;
	*bytes_range = estimate__range(&sum->all_bytes);
	*count_range = estimate__range(&sum->all_count);
}

static int fill_site(const struct model *m, const struct place *p, struct report_site *site)
{
	const struct model_stack *stack = stackset__at(m->stacks, p->stack);
	bool was_there = m->reported && p->before.snapshot == m->reported;
	int err;

	err = report_frames__copy(stack->frames, stack->n_frames, &site->frames);
	if (err)
		return err;
	site->n_frames = stack->n_frames;
	site->stack_lost = stack->lost;
	site->stack_cut = stack->cut;
	site->bytes = p->now.bytes;
	site->count = p->now.count;
	site->sampled = p->now.sum.count;
	fill_ranges(m, &p->now.sum, site->bytes, site->count, &site->bytes_range,
		    &site->count_range);
	memcpy(site->reach, p->now.judged.kind, sizeof(site->reach));
	site->under = p->now.judged.under;
	err = model_history__copy(&m->axis, &p->series, &site->history);
	if (err)
		return err;
	site->verdict = p->verdict;
	site->entry = p->entry;
	site->note = p->note;
	if (p->now.profile != HASHIDX_NONE) {
		site->profile = malloc(sizeof(*site->profile));
		if (!site->profile)
			return -ENOMEM;
		*site->profile = m->profiles[p->now.profile];
	}
	site->is_new = !was_there;
	site->bytes_delta = difference(p->now.bytes, was_there ? p->before.bytes : 0);
	site->count_delta = difference(p->now.count, was_there ? p->before.count : 0);
	if (!m->opts.combined_only && p->now.sum.count) {
		site->oldest_ns = age(m, p->now.first_ns);
		site->youngest_ns = age(m, p->now.last_ns);
	}
	return 0;
}

static int compare_blocks(const void *pa, const void *pb)
{
	const struct report_block *a = pa, *b = pb;
	int order = descending(a->size, b->size);

	return order ? order : descending(b->addr, a->addr);
}

static uint64_t stands_for(const struct model *m, const struct member *b)
{
	struct estimate count = {0};

	estimate__add(&count, 1, chance(m, b->size, b->certain));
	return estimate__value(&count);
}

static int fill_blocks(const struct model *m, struct report *r)
{
	struct report_site *site;
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		uint32_t shown = m->places[m->groups[m->members[i].group].place].shown;

		if (shown != HASHIDX_NONE)
			r->sites[shown].n_blocks++;
	}
	for (i = 0; i < r->n_sites; i++) {
		site = &r->sites[i];
		site->blocks = calloc(site->n_blocks, sizeof(*site->blocks));
		if (!site->blocks)
			return -ENOMEM;
		site->n_blocks = 0;
	}
	for (i = 0; i < m->n_members; i++) {
		const struct member *b = &m->members[i];
		uint32_t shown = m->places[m->groups[b->group].place].shown;

		if (shown == HASHIDX_NONE)
			continue;
		site = &r->sites[shown];
		site->blocks[site->n_blocks++] = (struct report_block){
			.addr = b->addr,
			.size = b->size,
			.age_ns = m->opts.combined_only ? 0 : age(m, b->birth_ns),
			.stands_for = stands_for(m, b),
			.reach = b->reach,
		};
	}
	for (i = 0; i < r->n_sites; i++)
		qsort(r->sites[i].blocks, r->sites[i].n_blocks, sizeof(*r->sites[i].blocks),
		      compare_blocks);
	return 0;
}

static int fill_sites(struct model *m, const uint32_t *list, size_t n, struct report *r)
{
	size_t i, shown = m->opts.top && m->opts.top < n ? m->opts.top : n;
	struct sum sum = {0};
	struct judged judged = {0};

	for (i = 0; i < n; i++) {
		struct place *p = &m->places[list[i]];

		r->bytes = model__add_up(r->bytes, p->now.bytes);
		r->count = model__add_up(r->count, p->now.count);
		sum_merge(&sum, &p->now.sum);
		judged_merge(&judged, &p->now.judged);
		p->shown = i < shown ? i : HASHIDX_NONE;
		r->n_stacks += p->now.sum.count > 0;
		r->n_viewed += in_view(m, &p->now);
		if (p->now.profile != HASHIDX_NONE)
			report_profile__add(r->profile, &m->profiles[p->now.profile]);
	}
	r->sampled = sum.count;
	memcpy(r->reach.sum, judged.kind, sizeof(r->reach.sum));
	fill_ranges(m, &sum, r->bytes, r->count, &r->bytes_range, &r->count_range);
	if (!shown)
		return 0;
	r->sites = calloc(shown, sizeof(*r->sites));
	if (!r->sites)
		return -ENOMEM;
	for (i = 0; i < shown; i++) {
		int err = fill_site(m, &m->places[list[i]], &r->sites[r->n_sites++]);

		if (err)
			return err;
	}
	return m->opts.show_blocks ? fill_blocks(m, r) : 0;
}

/* What this report says is what the next one compares with. */
static void remember(struct model *m, const uint32_t *list, size_t n, const struct report *r)
{
	size_t i;

	for (i = 0; i < n; i++)
		m->places[list[i]].before = m->places[list[i]].now;
	m->reported = m->snapshot;
	m->last_bytes = r->bytes;
	m->last_count = r->count;
}

int model__finish(struct model *m, struct report **out)
{
	struct report *r = calloc(1, sizeof(*r));
	uint32_t *list = NULL;
	size_t n = 0;
	int err = -ENOMEM;

	*out = NULL;
	if (!r)
		goto cleanup;
	err = gather(m, &list, &n);
	if (!err)
		err = model_history__update(m, list, n, r);
	if (err)
		goto cleanup;
	if (n)
		qsort_r(list, n, sizeof(*list), compare_places, m);
	if (m->opts.profile) {
		err = -ENOMEM;
		r->profile = calloc(1, sizeof(*r->profile));
		if (!r->profile)
			goto cleanup;
	}
	r->view = m->opts.view;
	err = fill_sites(m, list, n, r);
	if (err)
		goto cleanup;
	r->young_bytes = sum_bytes(m, &m->young);
	r->young_count = sum_count(m, &m->young);
	r->older_ns = m->opts.older_ns;
	r->sampling = m->opts.sampling;
	r->combined_only = m->opts.combined_only;
	r->has_delta = m->reported;
	if (r->has_delta) {
		r->bytes_delta = difference(r->bytes, m->last_bytes);
		r->count_delta = difference(r->count, m->last_count);
	}
	remember(m, list, n, r);
	*out = r;
	r = NULL;
cleanup:
	free(list);
	report__free(r);
	return err;
}
