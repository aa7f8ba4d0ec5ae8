/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/holders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reach/blockidx.h"
#include "reach/memcopy.h"

#define WORD sizeof(uint64_t)

/* The other end of a way. */
struct origin {
	uint64_t at;
	uint32_t steps;
};

struct holders {
	const struct memcopy *memory;
	const struct mark_block *blocks;
	size_t n;
	struct blockidx *index;
	struct holder *of;
	struct origin *origin;
	uint32_t *queue; /* blocks in the order in which they were met: nearest to a root first */
	size_t met;
};

int holders__new(const struct memcopy *memory, const struct mark_block *blocks, size_t n,
		 struct holders **out)
{
	struct holders *h = calloc(1, sizeof(*h));
	size_t i;
	int err = -ENOMEM;

	*out = NULL;
	if (!h)
		return -ENOMEM;
	h->memory = memory;
	h->blocks = blocks;
	h->n = n;
	h->of = calloc(n + 1, sizeof(*h->of));
	h->origin = calloc(n + 1, sizeof(*h->origin));
	h->queue = calloc(n + 1, sizeof(*h->queue));
	if (h->of && h->origin && h->queue)
		err = blockidx__new(blocks, sizeof(*blocks), n, &h->index);
	if (err) {
		holders__free(h);
		return err;
	}
	for (i = 0; i < n; i++)
		h->of[i].block = HOLDERS_NONE;
	*out = h;
	return 0;
}

void holders__free(struct holders *h)
{
	if (!h)
		return;
	blockidx__free(h->index);
	free(h->of);
	free(h->origin);
	free(h->queue);
	free(h);
}

static void meet(struct holders *h, uint64_t value, uint32_t holder, uint64_t at)
{
	uint32_t i = blockidx__find(h->index, value);

	if (i == BLOCKIDX_NONE || h->of[i].block != HOLDERS_NONE || i == holder)
		return;
	h->of[i] = (struct holder){holder, at};
	h->origin[i] = (struct origin){at, 0};
	if (holder != HOLDERS_ROOT)
		h->origin[i] = (struct origin){h->origin[holder].at, h->origin[holder].steps + 1};
	h->queue[h->met++] = i;
}

static void scan(struct holders *h, uint64_t start, uint64_t end, uint32_t holder)
{
	const struct memcopy_run *run;
	struct memcopy_piece piece;
	uint64_t at, to, word, k;
	size_t n, i;

	start = (start + WORD - 1) / WORD * WORD;
	run = memcopy__runs(h->memory, &n);
	for (i = memcopy__first(h->memory, start); i < n && run[i].start < end; i++) {
		to = end < run[i].end ? end : run[i].end;
		at = start > run[i].start ? start : run[i].start;
		for (; at < to && memcopy__get(h->memory, i, at, to, &piece); at += piece.n) {
			for (k = 0; piece.n - k >= WORD; k += WORD) {
				memcpy(&word, piece.at + k, WORD);
				meet(h, word, holder, at + k);
			}
			memcopy__put(h->memory, &piece);
		}
	}
}

void holders__value(struct holders *h, uint64_t value)
{
	meet(h, value, HOLDERS_ROOT, 0);
}

void holders__range(struct holders *h, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = blockidx__first(h->index, start); start < end; i++) {
		const struct mark_block *b = i < h->n ? &h->blocks[i] : NULL;
		uint64_t stop = b && b->addr < end ? b->addr : end;

		if (start < stop)
			scan(h, start, stop, HOLDERS_ROOT);
		start = stop == end ? end : b->addr + b->size;
	}
}

void holders__finish(struct holders *h)
{
	size_t i;

	for (i = 0; i < h->met; i++) {
		const struct mark_block *b = &h->blocks[h->queue[i]];

		scan(h, b->addr, b->addr + b->size, h->queue[i]);
	}
}

struct holder holders__of(const struct holders *h, size_t block)
{
	return h->of[block];
}

uint64_t holders__root(const struct holders *h, size_t block)
{
	return h->origin[block].at;
}

uint32_t holders__steps(const struct holders *h, size_t block)
{
	return h->origin[block].steps;
}
