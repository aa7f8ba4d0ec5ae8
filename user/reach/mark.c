/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/mark.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reach/blockidx.h"
#include "reach/blocksort.h"
#include "reach/links.h"
#include "reach/memcopy.h"
#include "reach/words.h"

#define WORD sizeof(uint64_t)
#define FIRST_PAGE 4096
#define NO_CLIQUE UINT32_MAX
#define PENDING 32 /* a power of 2 */
#define AHEAD 16   /* blocks: what is in the queue is announced so long before it is looked into */

/* A word that has been met, while its block is on its way from memory. */
struct pending {
	struct blockidx_way way;
	bool by_start;
};

struct marker {
	const struct memcopy *memory;
	struct marker_opts opts;
	struct mark_block *all; /* the caller's; the n first are nodes */
	struct mark_block *blocks;
	size_t n;
	struct mark_block *pools; /* behind them: blocks that others lie in */
	size_t n_pools;
	struct blockidx *index;
	struct links *links;
	/*
	 * Blocks whose contents have to be looked at, first come first served, so that it is known
	 * which are next. A block gets here twice at most: as possible, and as reachable.
	 */
	uint32_t *queue;
	size_t n_met, n_seen; /* up to now: what is in between is in the queue */
	struct pending pending[PENDING];
	size_t n_begun, n_done;		/* of all words so far; those in between are pending */
	struct words_of_interest which; /* most words point elsewhere */
	uint32_t clique;		/* the lost block that is followed, NO_CLIQUE: roots are */
	bool counting;			/* the second time */
	bool mixed;    /* the first time: from one lost block to what another one led to */
	bool by_start; /* all pointers were start-pointers down to what is looked at */
};

static uint64_t end_of(const struct mark_block *b)
{
	uint64_t end;

	return __builtin_add_overflow(b->addr, b->size ? b->size : 1, &end) ? UINT64_MAX : end;
}

/* Sorted by address: move the blocks that others begin in behind the others. */
static int set_pools_aside(struct marker *mk, size_t n)
{
	struct mark_block *pool;
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (i + 1 < n && mk->all[i + 1].addr < end_of(&mk->all[i]))
			mk->n_pools++;
	mk->n = n - mk->n_pools;
	if (!mk->n_pools)
		return 0;
	pool = calloc(mk->n_pools, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	mk->n_pools = 0;
	for (i = 0; i < n; i++) {
		if (i + 1 < n && mk->all[i + 1].addr < end_of(&mk->all[i])) {
			pool[mk->n_pools] = mk->all[i];
			pool[mk->n_pools++].kind = REACH_REACHABLE;
		} else {
			mk->all[kept++] = mk->all[i];
		}
	}
	memcpy(mk->all + kept, pool, mk->n_pools * sizeof(*pool));
	free(pool);
	return 0;
}

int marker__new(const struct memcopy *memory, struct mark_block *blocks, size_t n,
		const struct marker_opts *opts, struct marker **out)
{
	struct marker *mk = calloc(1, sizeof(*mk));
	size_t i;
	int err;

	*out = NULL;
	if (!mk)
		return -ENOMEM;
	mk->memory = memory;
	if (opts)
		mk->opts = *opts;
	mk->all = mk->blocks = blocks;
	mk->clique = NO_CLIQUE;
	blocksort__by_address(blocks, n);
	for (i = 0; i < n; i++) {
		blocks[i].kind = REACH_UNJUDGED;
		blocks[i].under_bytes = blocks[i].under_count = 0;
		blocks[i].counted = false;
	}
	err = set_pools_aside(mk, n);
	if (!err)
		err = blockidx__new(mk->blocks, sizeof(*mk->blocks), mk->n, &mk->index);
	if (!err) {
		mk->pools = mk->all + mk->n;
		blockidx__span(mk->index, &mk->which.low, &mk->which.span);
		mk->queue = calloc(2 * mk->n + 1, sizeof(*mk->queue));
		err = mk->queue ? 0 : -ENOMEM;
	}
	if (err) {
		marker__free(mk);
		return err;
	}
	mk->links = links__new(memory, mk->index, mk->blocks, mk->n, mk->opts.threads);
	*out = mk;
	return 0;
}

void marker__free(struct marker *mk)
{
	if (!mk)
		return;
	blockidx__free(mk->index);
	links__free(mk->links);
	free(mk->queue);
	free(mk);
}

/* --- interior-pointers that are as good as start-pointers --- */

static bool is_vtable(const struct marker *mk, uint64_t addr)
{
	return addr % WORD == 0 && addr >= FIRST_PAGE && mk->opts.is_vtable &&
	       mk->opts.is_vtable(addr, mk->opts.arg);
}

/*
 * The pointer at ptr into block b. In the order of the manual:
 * - std::string before C++11, which shares its text: length, capacity and references, then the text
 * - the length of the block in its first 8 bytes, without them (sqlite)
 * - arrays of objects with destructors: how many there are comes first (Itanium C++ ABI, 2.7)
 * - an object of several base classes, through one other than the first: two vtables
 */
static bool is_as_good(const struct marker *mk, const struct mark_block *b, uint64_t ptr)
{
	uint64_t offset = ptr - b->addr, first, second, inner;

	if (!memcopy__word(mk->memory, b->addr, &first))
		return false;
	if (offset == 3 * WORD && memcopy__word(mk->memory, b->addr + WORD, &second) &&
	    second < b->size && 3 * WORD + second + 1 == b->size && first <= second)
		return true;
	if (offset == WORD && first && first == b->size - WORD)
		return true;
	if (offset == WORD && first && (b->size - WORD) % first == 0)
		return true;
	return ptr % WORD == 0 && offset + WORD <= b->size &&
	       memcopy__word(mk->memory, ptr, &inner) && is_vtable(mk, inner) &&
	       is_vtable(mk, first);
}

/* --- marking --- */

static bool is_lost(const struct mark_block *b)
{
	return b->kind == REACH_DEFINITE || b->kind == REACH_INDIRECT;
}

static void push(struct marker *mk, uint32_t i)
{
	mk->queue[mk->n_met++] = i;
}

/* Met on the way from the roots; by_start: so were all pointers before it. */
static void meet(struct marker *mk, const struct link *link, bool by_start)
{
	struct mark_block *b = &mk->blocks[link->to];

	if (b->kind == REACH_REACHABLE)
		return;
	if (by_start && (link->by_start || is_as_good(mk, b, link->value)))
		b->kind = REACH_REACHABLE;
	else if (b->kind == REACH_UNJUDGED)
		b->kind = REACH_POSSIBLE;
	else
		return;
	push(mk, link->to);
}

static void add_under(struct marker *mk, const struct mark_block *b)
{
	mk->blocks[mk->clique].under_bytes += b->size;
	mk->blocks[mk->clique].under_count++;
}

/*
 * A word met on the way from a lost block. Any pointer does: what it points to would not be lost if
 * the block were not. Until all are followed, under_count of an indirectly lost one is 1 + the
 * block that led to it.
 */
static void meet_lost(struct marker *mk, uint32_t i)
{
	struct mark_block *b = &mk->blocks[i];

	if (i == mk->clique)
		return;
	if (b->kind == REACH_UNJUDGED) {
		b->kind = REACH_INDIRECT;
		b->under_count = mk->clique + 1ULL;
	} else if (mk->counting && is_lost(b) && !b->counted) {
		b->kind = REACH_INDIRECT;
		b->counted = true;
	} else {
		if (!mk->counting && is_lost(b))
			mk->mixed |= b->kind == REACH_DEFINITE ||
				     b->under_count != mk->clique + 1ULL;
		return;
	}
	add_under(mk, b);
	push(mk, i);
}

static void follow_link(struct marker *mk, const struct link *link, bool by_start)
{
	if (mk->clique == NO_CLIQUE)
		meet(mk, link, by_start);
	else
		meet_lost(mk, link->to);
}

static void finish_one(struct marker *mk)
{
	const struct pending *p = &mk->pending[mk->n_done++ % PENDING];
	struct link link = {.value = p->way.addr, .to = blockidx__end(mk->index, &p->way)};

	if (link.to == BLOCKIDX_NONE)
		return;
	link.by_start = link.value == mk->blocks[link.to].addr;
	follow_link(mk, &link, p->by_start);
}

/* Most of the time goes by waiting for memory: so many words are looked up at once. */
static void begin_one(uint64_t value, void *arg)
{
	struct marker *mk = arg;
	struct pending *p;

	if (mk->n_begun - mk->n_done == PENDING)
		finish_one(mk);
	p = &mk->pending[mk->n_begun % PENDING];
	if (!blockidx__begin(mk->index, value, &p->way))
		return;
	p->by_start = mk->by_start;
	mk->n_begun++;
	if (mk->n_begun - mk->n_done > PENDING / 2)
		blockidx__go_on(mk->index,
				&mk->pending[(mk->n_begun - 1 - PENDING / 2) % PENDING].way);
}

static void scan(struct marker *mk, uint64_t start, uint64_t end)
{
	words__each(mk->memory, memcopy__first(mk->memory, start), start, end, mk->which, begin_one,
		    mk);
}

static void look_into(struct marker *mk, uint32_t i)
{
	const struct mark_block *b = &mk->blocks[i];
	struct links_cursor at;
	struct link link;

	mk->by_start = b->kind != REACH_POSSIBLE;
	if (!links__of(mk->links, i, &at))
		scan(mk, b->addr, b->addr + b->size < b->addr ? UINT64_MAX : b->addr + b->size);
	else
		while (links__next(&at, &link))
			follow_link(mk, &link, mk->by_start);
}

static void drain(struct marker *mk)
{
	while (mk->n_seen != mk->n_met || mk->n_done != mk->n_begun) {
		if (mk->n_seen == mk->n_met) {
			finish_one(mk);
			continue;
		}
		if (mk->n_met - mk->n_seen > AHEAD)
			links__expect(mk->links, mk->queue[mk->n_seen + AHEAD]);
		if (mk->n_met - mk->n_seen > AHEAD / 2)
			links__expect_soon(mk->links, mk->queue[mk->n_seen + AHEAD / 2]);
		look_into(mk, mk->queue[mk->n_seen++]);
	}
	mk->n_seen = mk->n_met = 0;
	mk->by_start = true;
}

void marker__value(struct marker *mk, uint64_t value)
{
	mk->by_start = true;
	begin_one(value, mk);
	drain(mk);
}

void marker__range(struct marker *mk, uint64_t start, uint64_t end)
{
	size_t i;

	mk->by_start = true;
	for (i = blockidx__first(mk->index, start); start < end; i++) {
		const struct mark_block *b = i < mk->n ? &mk->blocks[i] : NULL;
		uint64_t stop = b && b->addr < end ? b->addr : end;

		if (start < stop)
			scan(mk, start, stop);
		/* of 0 bytes it holds an address, but no memory */
		start = stop == end ? end : b->addr + b->size;
		drain(mk);
	}
}

/* Someone is at work on it, or it was cut up: what it points to is not lost. */
static void keep_held(struct marker *mk)
{
	uint32_t i;

	for (i = 0; i < mk->n; i++) {
		if (!mk->blocks[i].held || mk->blocks[i].kind == REACH_REACHABLE)
			continue;
		mk->blocks[i].kind = REACH_REACHABLE;
		push(mk, i);
		drain(mk);
	}
	for (i = 0; i < mk->n_pools; i++)
		marker__range(mk, mk->pools[i].addr, end_of(&mk->pools[i]));
}

static void follow(struct marker *mk, uint32_t i)
{
	mk->clique = i;
	push(mk, i);
	drain(mk);
}

/* What each indirectly lost block noted down; what the others have under them only if all is true.
 */
static void forget_under(struct marker *mk, bool all)
{
	uint32_t i;

	for (i = 0; i < mk->n; i++)
		if (all || mk->blocks[i].kind != REACH_DEFINITE)
			mk->blocks[i].under_bytes = mk->blocks[i].under_count = 0;
}

/*
 * Of lost blocks, find those that nothing lost leads to; of each ring that nothing leads into, one.
 * Follow from each block that has not been met by then: those that were begun with are the
 * candidates, and what leads to one of them, but not back, was begun with later (as for strongly
 * connected components: Sharir, Computers & Mathematics with Applications 7, 1981). So from the
 * last one to the first, each that has not been met is one of them. If no two of them led to the
 * same block, that has been found by then.
 */
static void judge_lost(struct marker *mk)
{
	uint32_t i;

	for (i = 0; i < mk->n; i++) {
		if (mk->blocks[i].kind != REACH_UNJUDGED)
			continue;
		mk->blocks[i].kind = REACH_DEFINITE;
		follow(mk, i);
	}
	forget_under(mk, mk->mixed);
	mk->counting = true;
	for (i = mk->mixed ? mk->n : 0; i-- > 0;) {
		if (mk->blocks[i].kind != REACH_DEFINITE || mk->blocks[i].counted)
			continue;
		mk->blocks[i].counted = true;
		follow(mk, i);
	}
	mk->counting = false;
	mk->clique = NO_CLIQUE;
}

void marker__finish(struct marker *mk)
{
	keep_held(mk);
	judge_lost(mk);
}
