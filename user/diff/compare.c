/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"
#include "diff/key.h"
#include "diff/notes.h"
#include "report/report.h"

/* A site of one recording, under way to its diff_site. */
struct entry {
	uint32_t key;
	const struct report_site *site;
};

struct side {
	struct entry *entries; /* by key, then as they were */
	size_t n;
};

const char *diff__kind(enum diff_kind kind)
{
	static const char *const names[] = {
		[DIFF_NEW_SITE] = "new",  [DIFF_GROWN] = "grown", [DIFF_UNCHANGED] = "unchanged",
		[DIFF_SHRUNK] = "shrunk", [DIFF_GONE] = "gone",
	};

	return names[kind];
}

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static int64_t delta(uint64_t from, uint64_t to)
{
	int64_t d;

	if (__builtin_sub_overflow(to, from, &d))
		return to > from ? INT64_MAX : INT64_MIN;
	return d;
}

static int by_key(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->site > b->site) - (a->site < b->site);
}

static int list(struct diff_keys *keys, enum diff_side which, const struct report *r,
		struct side *side)
{
	size_t i;
	int err;

	side->entries = calloc(r->n_sites + 1, sizeof(*side->entries));
	if (!side->entries)
		return -ENOMEM;
	for (i = 0; i < r->n_sites; i++) {
		if (!r->sites[i].bytes && !r->sites[i].count)
			continue; /* of a profile: nothing is outstanding */
		side->entries[side->n].site = &r->sites[i];
		err = diff_keys__of(keys, which, &r->sites[i], &side->entries[side->n].key);
		if (err)
			return err;
		side->n++;
	}
	qsort(side->entries, side->n, sizeof(*side->entries), by_key);
	return 0;
}

static enum diff_kind kind_of(const struct diff_site *s)
{
	int64_t by = s->bytes_delta ? s->bytes_delta : s->count_delta;

	if (!s->old)
		return DIFF_NEW_SITE;
	if (!s->new)
		return DIFF_GONE;
	return by > 0 ? DIFF_GROWN : by < 0 ? DIFF_SHRUNK : DIFF_UNCHANGED;
}

static void sum_up(struct diff_sum *sum, const struct report_site *old,
		   const struct report_site *new)
{
	sum->sites++;
	sum->old_bytes = add(sum->old_bytes, old->bytes);
	sum->old_count = add(sum->old_count, old->count);
	sum->new_bytes = add(sum->new_bytes, new->bytes);
	sum->new_count = add(sum->new_count, new->count);
}

static void append(struct diff *d, const struct report_site *old, const struct report_site *new)
{
	static const struct report_site none;
	struct diff_site *s = &d->sites[d->n_sites++];
	const struct report_site *from = old ? old : &none, *to = new ? new : &none;

	*s = (struct diff_site){
		.old = old,
		.new = new,
		.site = new ? new : old,
		.bytes_delta = delta(from->bytes, to->bytes),
		.count_delta = delta(from->count, to->count),
	};
	s->kind = kind_of(s);
	sum_up(&d->sum[s->kind], from, to);
	sum_up(&d->total, from, to);
}

/* Sites of one key, of which either recording may have none. */
static int pair(struct diff *d, const struct entry *old, size_t n_old, const struct entry *new,
		size_t n_new)
{
	const struct report_site **sites = calloc(n_old + n_new + 1, sizeof(void *));
	size_t *other = calloc(n_old + 1, sizeof(*other)), i, next = 0;
	int err = -ENOMEM;

	if (!sites || !other)
		goto cleanup;
	for (i = 0; i < n_old; i++)
		sites[i] = old[i].site;
	for (i = 0; i < n_new; i++)
		sites[n_old + i] = new[i].site;
	err = align__pair(sites, n_old, sites + n_old, n_new, other);
	for (i = 0; !err && i < n_old; i++) {
		const struct report_site *now = NULL;

		if (other[i] != ALIGN_NONE) {
			while (next < other[i])
				append(d, NULL, sites[n_old + next++]);
			now = sites[n_old + next++];
		}
		append(d, sites[i], now);
	}
	while (!err && next < n_new)
		append(d, NULL, sites[n_old + next++]);
cleanup:
	free(sites);
	free(other);
	return err;
}

static size_t run(const struct side *side, size_t from, uint32_t key)
{
	size_t n = 0;

	while (from + n < side->n && side->entries[from + n].key == key)
		n++;
	return n;
}

static int pair_all(struct diff *d, const struct side *old, const struct side *new, uint32_t n_keys)
{
	size_t i = 0, j = 0, n, m;
	uint32_t key;
	int err = 0;

	for (key = 0; !err && key < n_keys; key++) {
		n = run(old, i, key);
		m = run(new, j, key);
		err = pair(d, old->entries + i, n, new->entries + j, m);
		i += n;
		j += m;
	}
	return err;
}

/* Growth first; where that is equal, as the reports have them. */
static int by_growth(const void *pa, const void *pb)
{
	const struct diff_site *a = pa, *b = pb;

	if (a->bytes_delta != b->bytes_delta)
		return a->bytes_delta > b->bytes_delta ? -1 : 1;
	if (a->count_delta != b->count_delta)
		return a->count_delta > b->count_delta ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->site > b->site) - (a->site < b->site);
}

int diff__new(const struct report *old, const char *old_name, const struct report *new,
	      const char *new_name, struct diff **out)
{
	struct diff *d = calloc(1, sizeof(*d));
	struct diff_keys *keys = NULL;
	struct side a = {0}, b = {0};
	int err = -ENOMEM;

	*out = NULL;
	if (!d)
		return err;
	d->old = old;
	d->new = new;
	d->old_name = old_name;
	d->new_name = new_name;
	d->sites = calloc(old->n_sites + new->n_sites + 1, sizeof(*d->sites));
	if (!d->sites)
		goto cleanup;
	err = diff_keys__new(old, new, &keys);
	if (!err)
		err = list(keys, DIFF_OLD, old, &a);
	if (!err)
		err = list(keys, DIFF_NEW, new, &b);
	if (!err)
		err = pair_all(d, &a, &b, diff_keys__count(keys));
	if (!err)
		err = diff_notes__add(d);
	if (err)
		goto cleanup;
	qsort(d->sites, d->n_sites, sizeof(*d->sites), by_growth);
	d->bytes_delta = delta(d->total.old_bytes, d->total.new_bytes);
	d->count_delta = delta(d->total.old_count, d->total.new_count);
	*out = d;
	d = NULL;
cleanup:
	diff_keys__free(keys);
	free(a.entries);
	free(b.entries);
	diff__free(d);
	return err;
}

void diff__free(struct diff *d)
{
	size_t i;

	if (!d)
		return;
	for (i = 0; i < d->n_notes; i++)
		free(d->notes[i]);
	free(d->notes);
	free(d->sites);
	free(d);
}
