/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/links.h"

#include <stdlib.h>

#include "reach/blockidx.h"
#include "reach/mark.h"
#include "reach/memcopy.h"
#include "reach/together.h"
#include "reach/words.h"

#define PER_PIECE 128	      /* blocks that one thread reads at once */
#define ROOM (PER_PIECE * 10) /* words for what they point to */
#define MAX_TRIES 4 /* blocks of a piece for which there is no room, then it is left alone */
#define PENDING 32  /* a power of 2 */
#define NOT_NOTED LINKS_INTERIOR /* in end[] */
#define MAX_BLOCKS LINKS_INTERIOR

struct links {
	uint32_t **words; /* by piece */
	uint32_t *end;	  /* by block: where its words end in its piece's */
	size_t n, n_pieces;
};

struct noting {
	const struct memcopy *memory;
	const struct blockidx *index;
	const struct mark_block *blocks;
	struct words_of_interest which;
	struct links *l;
};

/* A word that has been met, while the block that it points into is on its way from memory. */
struct pending {
	struct blockidx_way way;
	uint32_t from;
};

/* What one thread has at hand. */
struct piece {
	const struct noting *noting;
	uint32_t words[ROOM];
	uint32_t n, begin; /* of them: all, and where those of the block at hand begin */
	uint32_t block;	   /* at hand: those before it are done */
	uint32_t reading;  /* the block whose words are looked at, somewhat ahead */
	uint32_t too_many; /* NOT_NOTED: for the block at hand there was no room */
	uint32_t n_tries;
	size_t n_begun, n_done;
	struct pending pending[PENDING];
};

/* All links of the blocks before this one are known. */
static void close_up_to(struct piece *p, uint32_t block)
{
	for (; p->block < block; p->block++) {
		p->noting->l->end[p->block] = p->n | p->too_many;
		p->too_many = 0;
		p->begin = p->n;
	}
}

static void note(struct piece *p, uint64_t value, uint32_t to)
{
	bool interior = value != p->noting->blocks[to].addr;
	uint32_t size = interior ? 1 + sizeof(value) / sizeof(*p->words) : 1;

	if (p->too_many)
		return;
	if (ROOM - p->n < size) {
		p->too_many = NOT_NOTED;
		p->n_tries++;
		p->n = p->begin;
		return;
	}
	p->words[p->n] = to | (interior ? LINKS_INTERIOR : 0);
	if (interior)
		memcpy(&p->words[p->n + 1], &value, sizeof(value));
	p->n += size;
}

static void finish_one(struct piece *p)
{
	const struct pending *it = &p->pending[p->n_done++ % PENDING];
	uint32_t to = blockidx__end(p->noting->index, &it->way);

	if (to == BLOCKIDX_NONE || to == it->from)
		return;
	close_up_to(p, it->from);
	note(p, it->way.addr, to);
}

/* As in reach/mark.c: what is looked up is waited for together. */
static void begin_one(uint64_t word, void *arg)
{
	struct piece *p = arg;
	const struct blockidx *index = p->noting->index;
	struct pending *it;

	if (p->too_many && p->block == p->reading)
		return;
	if (p->n_begun - p->n_done == PENDING)
		finish_one(p);
	it = &p->pending[p->n_begun % PENDING];
	if (!blockidx__begin(index, word, &it->way))
		return;
	it->from = p->reading;
	p->n_begun++;
	if (p->n_begun - p->n_done > PENDING / 2)
		blockidx__go_on(index, &p->pending[(p->n_begun - 1 - PENDING / 2) % PENDING].way);
}

static uint64_t end_of(const struct mark_block *b)
{
	return b->addr + b->size < b->addr ? UINT64_MAX : b->addr + b->size;
}

static void keep(struct piece *p, size_t number, uint32_t first)
{
	uint32_t *words = malloc((p->n + 1) * sizeof(*words)), i;

	if (words)
		memcpy(words, p->words, p->n * sizeof(*words));
	else
		for (i = first; i < p->block; i++)
			p->noting->l->end[i] = NOT_NOTED;
	p->noting->l->words[number] = words;
}

static void read_piece(size_t number, void *arg)
{
	const struct noting *noting = arg;
	struct piece p;
	uint32_t first = number * PER_PIECE, last;
	size_t run;

	p.noting = noting;
	p.block = first;
	p.n = p.begin = p.too_many = p.n_tries = 0;
	p.n_begun = p.n_done = 0;
	last = noting->l->n - first < PER_PIECE ? noting->l->n : first + PER_PIECE;
	run = memcopy__first(noting->memory, noting->blocks[first].addr);
	for (p.reading = first; p.reading < last && p.n_tries < MAX_TRIES; p.reading++) {
		const struct mark_block *b = &noting->blocks[p.reading];

		run = words__each(noting->memory, run, b->addr, end_of(b), noting->which, begin_one,
				  &p);
	}
	while (p.n_done != p.n_begun)
		finish_one(&p);
	close_up_to(&p, p.reading);
	for (; p.block < last; p.block++)
		noting->l->end[p.block] = NOT_NOTED;
	keep(&p, number, first);
}

struct links *links__new(const struct memcopy *memory, const struct blockidx *index,
			 const struct mark_block *blocks, size_t n, unsigned int threads)
{
	struct noting noting = {memory, index, blocks, .l = NULL};
	struct links *l = n && n < MAX_BLOCKS ? calloc(1, sizeof(*l)) : NULL;

	if (!l)
		return NULL;
	l->n = n;
	l->n_pieces = (n + PER_PIECE - 1) / PER_PIECE;
	l->words = calloc(l->n_pieces, sizeof(*l->words));
	l->end = malloc(n * sizeof(*l->end));
	if (!l->words || !l->end) {
		links__free(l);
		return NULL;
	}
	blockidx__span(index, &noting.which.low, &noting.which.span);
	noting.l = l;
	together__do(threads, l->n_pieces, read_piece, &noting);
	return l;
}

void links__free(struct links *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; l->words && i < l->n_pieces; i++)
		free(l->words[i]);
	free(l->words);
	free(l->end);
	free(l);
}

static uint32_t begin_of(const struct links *l, uint32_t block)
{
	return block % PER_PIECE ? l->end[block - 1] & ~NOT_NOTED : 0;
}

bool links__of(const struct links *l, uint32_t block, struct links_cursor *c)
{
	const uint32_t *words;

	if (!l || l->end[block] & NOT_NOTED)
		return false;
	words = l->words[block / PER_PIECE];
	*c = (struct links_cursor){words + begin_of(l, block), words + l->end[block]};
	return true;
}

void links__expect(const struct links *l, uint32_t block)
{
	if (l)
		__builtin_prefetch(&l->end[block]);
}

void links__expect_soon(const struct links *l, uint32_t block)
{
	if (l && l->words[block / PER_PIECE])
		__builtin_prefetch(l->words[block / PER_PIECE] + begin_of(l, block));
}
