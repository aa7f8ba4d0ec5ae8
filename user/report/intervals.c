/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A treap of pieces: disjoint, keyed by start, heap-ordered by a random priority, so its depth is
 * logarithmic whatever the target maps in whatever order. Each piece points to its allocation,
 * which counts its pieces and bytes. Ranges are cut out as a treap of their own, then dropped,
 * copied, or moved whole.
 */
#include "report/intervals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/hashidx.h"

struct alloc {
	struct interval_info info;
	uint64_t n_pieces, bytes;
	bool met; /* by the walk of intervals__for_each */
};

struct piece {
	uint64_t start, end;
	struct alloc *alloc;
	struct piece *left, *right;
	uint64_t prio;
};

/* Pieces that one call needs at most: mremap cuts at start and end of the old and the new range. */
#define MAX_CUTS 4

struct intervals {
	struct piece *root;
	uint64_t page_size;
	uint64_t random;
	/* Taken before a change starts, so that it cannot fail half-way. */
	struct piece *spare[MAX_CUTS];
	size_t n_spare;
	uint64_t seen, freed, gone, lost, untracked, bytes;
};

struct intervals *intervals__new(uint64_t page_size)
{
	struct intervals *iv;

	if (!page_size || page_size & (page_size - 1)) {
		errno = EINVAL;
		return NULL;
	}
	iv = calloc(1, sizeof(*iv));
	if (!iv)
		return NULL;
	iv->page_size = page_size;
	iv->random = hashidx__seed();
	return iv;
}

/* All pieces of t start below key go to *l, the others to *r. */
static void split(struct piece *t, uint64_t key, struct piece **l, struct piece **r)
{
	while (t) {
		if (t->start < key) {
			*l = t;
			l = &t->right;
			t = t->right;
		} else {
			*r = t;
			r = &t->left;
			t = t->left;
		}
	}
	*l = *r = NULL;
}

/* Everything in l lies below everything in r. */
static struct piece *merge(struct piece *l, struct piece *r)
{
	struct piece *root = NULL, **link = &root;

	while (l && r) {
		if (l->prio > r->prio) {
			*link = l;
			link = &l->right;
			l = l->right;
		} else {
			*link = r;
			link = &r->left;
			r = r->left;
		}
	}
	*link = l ? l : r;
	return root;
}

/* Put t, whose range holds nothing, into the tree. */
static void insert(struct intervals *iv, struct piece *t, uint64_t start)
{
	struct piece *l, *r;

	split(iv->root, start, &l, &r);
	iv->root = merge(merge(l, t), r);
}

/* The piece that holds addr. */
static struct piece *find(const struct intervals *iv, uint64_t addr)
{
	struct piece *t = iv->root;

	while (t && (addr < t->start || addr >= t->end))
		t = addr < t->start ? t->left : t->right;
	return t;
}

static int refill(struct intervals *iv)
{
	while (iv->n_spare < MAX_CUTS) {
		struct piece *p = calloc(1, sizeof(*p));

		if (!p)
			return -ENOMEM;
		iv->spare[iv->n_spare++] = p;
	}
	return 0;
}

static struct piece *take_spare(struct intervals *iv, uint64_t start, uint64_t end, struct alloc *a)
{
	struct piece *p = iv->spare[--iv->n_spare];

	iv->random += 0x9e3779b97f4a7c15ULL; /* splitmix64 */
	*p = (struct piece){
		.start = start, .end = end, .alloc = a, .prio = hashidx__mix(iv->random)};
	return p;
}

static void count_in(struct intervals *iv, const struct piece *p)
{
	p->alloc->n_pieces++;
	p->alloc->bytes += p->end - p->start;
	iv->bytes += p->end - p->start;
}

/* See that no piece crosses addr. */
static void cut(struct intervals *iv, uint64_t addr)
{
	struct piece *p = find(iv, addr), *rest;

	if (!p || p->start == addr)
		return;
	rest = take_spare(iv, addr, p->end, p->alloc);
	p->end = addr;
	p->alloc->n_pieces++;
	insert(iv, rest, addr);
}

/* Take all pieces of [start, end) out of the tree. */
static struct piece *take(struct intervals *iv, uint64_t start, uint64_t end)
{
	struct piece *l, *m, *r;

	cut(iv, start);
	cut(iv, end);
	split(iv->root, start, &l, &r);
	split(r, end, &m, &r);
	iv->root = merge(l, r);
	return m;
}

/* Free pieces without counting. Recursion is as deep as the treap: logarithmic. */
static void discard(struct piece *t)
{
	if (!t)
		return;
	discard(t->left);
	discard(t->right);
	free(t);
}

/* Unmap pieces that were taken out. Returns their bytes. */
static uint64_t drop(struct intervals *iv, struct piece *t)
{
	uint64_t bytes;

	if (!t)
		return 0;
	bytes = drop(iv, t->left) + drop(iv, t->right) + (t->end - t->start);
	iv->bytes -= t->end - t->start;
	t->alloc->bytes -= t->end - t->start;
	if (!--t->alloc->n_pieces) {
		iv->freed++;
		free(t->alloc);
	}
	free(t);
	return bytes;
}

/* Shape and priorities are kept, so the copy is a treap too. *err is set when memory runs out. */
static struct piece *clone(const struct piece *t, int *err)
{
	struct piece *copy;

	if (!t || *err)
		return NULL;
	copy = malloc(sizeof(*copy));
	if (!copy) {
		*err = -ENOMEM;
		return NULL;
	}
	*copy = *t;
	copy->left = clone(t->left, err);
	copy->right = clone(t->right, err);
	return copy;
}

static void count_all_in(struct intervals *iv, const struct piece *t)
{
	if (!t)
		return;
	count_all_in(iv, t->left);
	count_all_in(iv, t->right);
	count_in(iv, t);
}

static void shift(struct piece *t, uint64_t by)
{
	if (!t)
		return;
	t->start += by;
	t->end += by;
	shift(t->left, by);
	shift(t->right, by);
}

static void free_allocs(struct piece *t)
{
	if (!t)
		return;
	free_allocs(t->left);
	free_allocs(t->right);
	if (!--t->alloc->n_pieces)
		free(t->alloc);
}

void intervals__clear(struct intervals *iv)
{
	iv->gone = iv->seen - iv->freed - iv->lost;
	iv->bytes = 0;
	free_allocs(iv->root);
	discard(iv->root);
	iv->root = NULL;
}

void intervals__free(struct intervals *iv)
{
	if (!iv)
		return;
	intervals__clear(iv);
	while (iv->n_spare)
		free(iv->spare[--iv->n_spare]);
	free(iv);
}

/* Round up as the kernel's PAGE_ALIGN does. */
static int round_up(const struct intervals *iv, uint64_t value, uint64_t *rounded)
{
	if (__builtin_add_overflow(value, iv->page_size - 1, rounded))
		return -EINVAL;
	*rounded &= ~(iv->page_size - 1);
	return 0;
}

/* The kernel refuses starts inside a page and ranges around the end of the address space. */
static int page_range(const struct intervals *iv, uint64_t start, uint64_t size, uint64_t *end)
{
	if (start & (iv->page_size - 1) || round_up(iv, size, &size) ||
	    __builtin_add_overflow(start, size, end))
		return -EINVAL;
	return 0;
}

int intervals__map(struct intervals *iv, uint64_t start, uint64_t size,
		   const struct interval_info *info)
{
	struct alloc *a = NULL;
	struct piece *p;
	uint64_t end;
	int err;

	if (!size || page_range(iv, start, size, &end))
		return -EINVAL;
	iv->seen++;
	err = refill(iv);
	if (!err) {
		drop(iv, take(iv, start, end));
		err = refill(iv);
	}
	if (!err) {
		a = calloc(1, sizeof(*a));
		err = a ? 0 : -ENOMEM;
	}
	if (err) {
		iv->lost++;
		return err;
	}
	a->info = *info;
	p = take_spare(iv, start, end, a);
	count_in(iv, p);
	insert(iv, p, start);
	return 0;
}

/* Put the pieces of allocations that are not older than before_ns back. Returns the others. */
static struct piece *put_back_young(struct intervals *iv, struct piece *t, uint64_t before_ns)
{
	struct piece *l, *r;

	if (!t)
		return NULL;
	l = put_back_young(iv, t->left, before_ns);
	r = put_back_young(iv, t->right, before_ns);
	if (t->alloc->info.birth_ns < before_ns) {
		t->left = l;
		t->right = r;
		return t;
	}
	t->left = t->right = NULL;
	insert(iv, t, t->start);
	return merge(l, r);
}

int64_t intervals__unmap_before(struct intervals *iv, uint64_t start, uint64_t size,
				uint64_t before_ns)
{
	struct piece *pieces;
	uint64_t end;
	int err;

	if (!size || page_range(iv, start, size, &end))
		return -EINVAL;
	err = refill(iv);
	if (err)
		return err;
	pieces = put_back_young(iv, take(iv, start, end), before_ns);
	if (!pieces)
		iv->untracked++;
	return (int64_t)drop(iv, pieces);
}

int64_t intervals__unmap(struct intervals *iv, uint64_t start, uint64_t size)
{
	return intervals__unmap_before(iv, start, size, UINT64_MAX);
}

/* mremap with old_size 0 maps shared pages a second time: more of the same allocation. */
static void remap_again(struct intervals *iv, uint64_t old_start, uint64_t new_start,
			uint64_t new_end)
{
	struct piece *old, *p;

	drop(iv, take(iv, new_start, new_end));
	old = find(iv, old_start);
	if (!old)
		return;
	p = take_spare(iv, new_start, new_end, old->alloc);
	count_in(iv, p);
	insert(iv, p, new_start);
}

/* Let the last piece of t reach from `from` to `to`, if it ends at `from`. */
static void extend(struct intervals *iv, struct piece *t, uint64_t from, uint64_t to)
{
	while (t && t->right)
		t = t->right;
	if (!t || t->end != from)
		return;
	t->end = to;
	t->alloc->bytes += to - from;
	iv->bytes += to - from;
}

int intervals__remap(struct intervals *iv, uint64_t old_start, uint64_t old_size,
		     uint64_t new_start, uint64_t new_size, bool keep_old)
{
	uint64_t old_end, new_end, moved_end;
	struct piece *moved;
	int err;

	if (!new_size || page_range(iv, old_start, old_size, &old_end) ||
	    page_range(iv, new_start, new_size, &new_end))
		return -EINVAL;
	err = refill(iv);
	if (err)
		return err;
	old_size = old_end - old_start;
	new_size = new_end - new_start;
	if (!old_size) {
		remap_again(iv, old_start, new_start, new_end);
		return 0;
	}

	moved = take(iv, old_start, old_end);
	if (keep_old) {
		struct piece *copy = clone(moved, &err);

		insert(iv, moved, old_start);
		if (err) {
			discard(copy);
			return err;
		}
		moved = copy;
		count_all_in(iv, moved);
	}
	if (new_size < old_size) {
		struct piece *tail, *p;

		moved_end = old_start + new_size;
		split(moved, moved_end, &moved, &tail);
		/* the last piece kept may reach across */
		for (p = moved; p && p->right; p = p->right)
			;
		if (p && p->end > moved_end) {
			uint64_t rest = p->end - moved_end;

			p->end = moved_end;
			p->alloc->bytes -= rest;
			iv->bytes -= rest;
		}
		drop(iv, tail);
	}
	/* MREMAP_FIXED unmaps what is in its way. */
	drop(iv, take(iv, new_start, new_end));
	shift(moved, new_start - old_start);
	if (new_size > old_size)
		extend(iv, moved, new_start + old_size, new_end);
	insert(iv, moved, new_start);
	return 0;
}

int intervals__brk(struct intervals *iv, uint64_t old_brk, uint64_t new_brk,
		   const struct interval_info *info)
{
	int64_t bytes;

	if (round_up(iv, old_brk, &old_brk) || round_up(iv, new_brk, &new_brk))
		return -EINVAL;
	if (new_brk > old_brk)
		return intervals__map(iv, old_brk, new_brk - old_brk, info);
	if (new_brk == old_brk)
		return 0;
	bytes = intervals__unmap(iv, new_brk, old_brk - new_brk);
	return bytes < 0 ? (int)bytes : 0;
}

static void forget_met(struct piece *t)
{
	if (!t)
		return;
	t->alloc->met = false;
	forget_met(t->left);
	forget_met(t->right);
}

typedef int (*visit_fn)(uint64_t, uint64_t, const struct interval_info *, void *);

/* In order of address: the first piece of an allocation is its lowest. */
static int visit(struct piece *t, visit_fn fn, void *arg)
{
	int ret;

	if (!t)
		return 0;
	ret = visit(t->left, fn, arg);
	if (ret)
		return ret;
	if (!t->alloc->met) {
		t->alloc->met = true;
		ret = fn(t->start, t->alloc->bytes, &t->alloc->info, arg);
		if (ret)
			return ret;
	}
	return visit(t->right, fn, arg);
}

int intervals__for_each(const struct intervals *iv,
			int (*fn)(uint64_t start, uint64_t bytes, const struct interval_info *,
				  void *),
			void *arg)
{
	forget_met(iv->root);
	return visit(iv->root, fn, arg);
}

void intervals__account(const struct intervals *iv, struct intervals_account *out)
{
	*out = (struct intervals_account){
		.seen = iv->seen,
		.freed = iv->freed,
		.outstanding = iv->seen - iv->freed - iv->gone - iv->lost,
		.gone = iv->gone,
		.lost = iv->lost,
		.untracked = iv->untracked,
		.bytes = iv->bytes,
	};
}
