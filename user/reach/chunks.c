/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/chunks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reach/memcopy.h"
#include "target/maps.h"

#define PAGE 4096
#define HEADER                                                                                     \
	16 /* in front of what malloc returns; the first half belongs to the chunk before          \
	    */
#define PREV_INUSE 1ULL
#define IS_MMAPPED 2ULL
#define NON_MAIN_ARENA 4ULL
#define SIZE_BITS 7ULL
#define MAX_ODD 16
#define MAX_ALIGN_SHIFT 40

struct finder {
	const struct memcopy *memory;
	const struct maps *maps;
	struct ranges dead; /* what malloc keeps */
	struct ranges heaps;
	struct ranges walked; /* of these, what makes sense */
	struct heap_chain *chain;
	size_t n_chains, max_chains;
	struct chunks *out;
};

static int add_chunk(struct chunks *c, uint64_t addr, uint64_t size)
{
	size_t max = c->max ? c->max * 2 : 4096;
	struct chunk *grown;

	if (c->n == c->max) {
		grown = reallocarray(c->chunk, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->chunk = grown;
		c->max = max;
	}
	c->chunk[c->n++] = (struct chunk){addr, size};
	return 0;
}

static int note_chain(const struct heap_chain *chain, void *arg)
{
	struct finder *f = arg;
	size_t max = f->max_chains ? f->max_chains * 2 : 16;
	struct heap_chain *grown;

	if (f->n_chains == f->max_chains) {
		grown = reallocarray(f->chain, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		f->chain = grown;
		f->max_chains = max;
	}
	f->chain[f->n_chains++] = *chain;
	return 0;
}

/* --- heaps --- */

static bool is_kept(const struct finder *f, uint64_t p)
{
	return ranges__covered(&f->dead, p + HEADER, p + HEADER + 8) == 8;
}

/*
 * Walk a heap. *sane: its chunks agree with each other, else what was added is to be dropped. In
 * use is what malloc does not keep. Where the next chunk says of one of these that it is free, a
 * thread has been stopped between taking it off a list and handing it out, or the like: of these
 * there may be a few.
 */
static int walk(struct finder *f, const struct heap_chain *chain, bool *sane)
{
	uint64_t p = chain->first, prev = 0, before[2], size, flags;
	struct chunks *out = f->out;
	bool kept = false, was_kept = false;
	unsigned int odd = 0;
	int err = 0;

	*sane = false;
	for (; !err && p < chain->end; p += size) {
		if (!memcopy__word(f->memory, p, &before[0]) ||
		    !memcopy__word(f->memory, p + 8, &before[1]))
			return 0;
		size = before[1] & ~SIZE_BITS;
		flags = before[1] & SIZE_BITS;
		kept = is_kept(f, p);
		if ((flags & IS_MMAPPED) || size > chain->end - p ||
		    /* of a free chunk it says nothing: the bit is set when it is handed out */
		    (!kept && !!(flags & NON_MAIN_ARENA) == chain->is_main))
			return 0;
		if (!(flags & PREV_INUSE) && (!prev || before[0] != prev || !was_kept)) {
			if (!prev || ++odd > MAX_ODD)
				return 0;
			out->odd++;
			out->n -= !was_kept;
		}
		if (kept) {
			out->free_count++;
			out->free_bytes += size;
		} else {
			err = add_chunk(out, p + HEADER, size - 8);
		}
		prev = size;
		was_kept = kept;
	}
	*sane = !err && p == chain->end;
	return err;
}

static int walk_heap(struct finder *f, const struct heap_chain *chain)
{
	struct chunks *out = f->out;
	const struct chunks before = *out;
	bool sane = false;
	int err = 0;

	out->heaps++;
	if (chain->first)
		err = walk(f, chain, &sane);
	if (err)
		return err;
	if (sane) {
		out->top_bytes += chain->top;
		return ranges__add(&f->walked, chain->first, chain->end + chain->top);
	}
	out->n = before.n;
	out->free_count = before.free_count;
	out->free_bytes = before.free_bytes;
	out->given_up += chain->bytes;
	out->heaps_given_up++;
	return 0;
}

/* --- mappings of their own --- */

/*
 * Where the block in the mapping at p begins: memalign leaves the header at its start alone, and
 * puts one in front of the aligned address, with the distance between them.
 */
static uint64_t mapped_chunk(const struct finder *f, uint64_t start, uint64_t size)
{
	uint64_t p, before, its_size;
	int shift;

	for (shift = 5; shift < MAX_ALIGN_SHIFT; shift++) {
		uint64_t align = 1ULL << shift;

		p = (start + HEADER + align - 1) / align * align - HEADER;
		if (p - start >= size - HEADER)
			break;
		if (p > start && memcopy__word(f->memory, p, &before) && before == p - start &&
		    memcopy__word(f->memory, p + 8, &its_size) &&
		    its_size == ((size - before) | IS_MMAPPED))
			return p;
	}
	return start;
}

static int add_mapped(struct finder *f, const struct mapping *m)
{
	uint64_t at, header[2], size, p;
	struct chunks *out = f->out;
	const struct memcopy_run *run;
	size_t n, i;
	int err = 0;

	run = memcopy__runs(f->memory, &n);
	at = m->start;
	for (i = memcopy__first(f->memory, at); !err && i < n && run[i].start < m->end; i++) {
		if (at < run[i].start)
			at = run[i].start;
		while (!err && at < run[i].end && at < m->end) {
			if (!memcopy__read(f->memory, at, header, sizeof(header)))
				break;
			size = header[1] & ~SIZE_BITS;
			if (header[0] || (header[1] & SIZE_BITS) != IS_MMAPPED || !size ||
			    size % PAGE || size > m->end - at) {
				at += PAGE;
				continue;
			}
			p = mapped_chunk(f, at, size);
			err = add_chunk(out, p + HEADER, at + size - p - HEADER);
			if (!err) /* the header of it is no place to look for pointers */
				err = ranges__add(&f->dead, at, p + HEADER);
			out->mapped_count++;
			out->mapped_bytes += at + size - p - HEADER;
			at += size;
		}
	}
	return err;
}

/*
 * struct malloc_par, mp_ (malloc/malloc.c): n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold
 * (int); mmapped_mem, max_mmapped_mem, sbrk_base. The last one, where the break began, gives it
 * away; between the two groups there is room for alignment since 2.35.
 */
static void find_told(struct finder *f, uint64_t sbrk_base)
{
	const struct mapping *m = maps__find(f->maps, f->out->found.main_arena);
	uint64_t at, base, bytes, most;
	int pad;

	for (at = m ? m->start + 48 : 0; m && at + 8 <= m->end; at += 8) {
		if (!memcopy__word(f->memory, at, &base) || base != sbrk_base ||
		    !memcopy__word(f->memory, at - 16, &bytes) ||
		    !memcopy__word(f->memory, at - 8, &most) || bytes > most || bytes % PAGE)
			continue;
		for (pad = 0; pad <= 4; pad += 4) {
			int32_t counts[4]; /* now, allowed, most, whether it is fixed */

			if (!memcopy__read(f->memory, at - 32 - pad, counts, sizeof(counts)))
				continue;
			if (counts[0] < 0 || counts[0] > counts[2] || counts[1] < counts[2] ||
			    (counts[3] != 0 && counts[3] != 1) || !counts[0] != !bytes)
				continue;
			f->out->mapped_told = true;
			f->out->told_count = counts[0];
			f->out->told_bytes = bytes;
			return;
		}
	}
}

static const struct mapping *first_heap_mapping(const struct maps *maps)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (!strcmp(maps->map[i].path, "[heap]"))
			return &maps->map[i];
	return NULL;
}

static int find_mapped(struct finder *f)
{
	const struct mapping *heap = first_heap_mapping(f->maps);
	int err = 0;
	size_t i;

	for (i = 0; !err && i < f->maps->n; i++) {
		const struct mapping *m = &f->maps->map[i];

		if (m->read && m->write && !m->shared && !m->inode &&
		    (!m->path[0] || !strncmp(m->path, "[anon", 5)) &&
		    !ranges__covered(&f->heaps, m->start, m->end))
			err = add_mapped(f, m);
	}
	if (heap)
		find_told(f, heap->start);
	return err;
}

/* --- all of them --- */

static int by_address(const void *pa, const void *pb)
{
	const struct chunk *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int hand_on(struct finder *f, struct ranges *dead)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < f->dead.n; i++)
		err = ranges__add(dead, f->dead.range[i].start, f->dead.range[i].end);
	for (i = 0; !err && i < f->walked.n; i++)
		err = ranges__add(dead, f->walked.range[i].start, f->walked.range[i].end);
	ranges__settle(dead);
	return err;
}

int chunks__find(const struct memcopy *memory, const struct maps *maps,
		 const struct heap_opts *opts, struct ranges *dead, struct chunks *out)
{
	struct finder f = {.memory = memory, .maps = maps, .out = out};
	struct heap_opts mine = *opts;
	size_t i;
	int err;

	*out = (struct chunks){0};
	mine.all_known = false;
	mine.chain = note_chain;
	mine.arg = &f;
	err = heap__find(memory, maps, &mine, &f.dead, &f.heaps, &out->found);
	ranges__settle(&f.dead);
	ranges__settle(&f.heaps);
	if (!err && !out->found.known)
		err = -ENOENT;
	for (i = 0; !err && i < f.n_chains; i++)
		err = walk_heap(&f, &f.chain[i]);
	if (!err)
		err = find_mapped(&f);
	if (!err)
		err = hand_on(&f, dead);
	if (!err && out->n)
		qsort(out->chunk, out->n, sizeof(*out->chunk), by_address);
	for (i = 0; i < out->n; i++)
		out->bytes += out->chunk[i].size;
	ranges__clear(&f.dead);
	ranges__clear(&f.heaps);
	ranges__clear(&f.walked);
	free(f.chain);
	return err;
}

void chunks__clear(struct chunks *c)
{
	free(c->chunk);
	*c = (struct chunks){0};
}
