/* SPDX-License-Identifier: GPL-2.0-or-later */
/* glibc_free - what the arenas of malloc keep for later: see glibc.h. */
#include "target/glibc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc/procmem.h"
#include "proc/smaps.h"
#include "target/maps.h"

#define PAGE 4096
#define FAST_BINS 10
#define BINS 127 /* NBINS - 1: there is no bin 0 */
#define MIN_CHUNK 32
#define MAX_FAST_CHUNK 176 /* M_MXFAST is at most 80 * sizeof(size_t) / 4 */
#define SIZE_BITS 7ULL	   /* PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA */
#define MAX_ARENAS 65536
#define MAX_DATA (8 << 20) /* of an object, in which the main arena is looked for */

/* Where the members of struct malloc_state are: have_fastchunks came with 2.27 (malloc/malloc.c).
 */
struct state_layout {
	uint16_t fast, top, bins, next, system, max_system, size;
};
static const struct state_layout layouts[] = {
	{16, 96, 112, 2160, 2184, 2192, 2200},
	{8, 88, 104, 2152, 2176, 2184, 2192},
};
#define MAX_STATE 2200

struct walk {
	const struct procmem *mem;
	const struct smaps *s;
	const struct state_layout *layout;
	size_t budget; /* chunks that may still be looked at */
	struct glibc_free *out;
};

static uint64_t word(const uint8_t *state, size_t at)
{
	uint64_t value;

	memcpy(&value, state + at, sizeof(value));
	return value;
}

/* Where bin i, counted from 0, would be if it were a chunk: its links are where a chunk's are. */
static uint64_t bin_address(const struct state_layout *l, uint64_t state, size_t i)
{
	return state + l->bins + 16 * i - 16;
}

/* Could a chunk of malloc begin at addr? */
static bool is_chunk_address(const struct walk *w, uint64_t addr)
{
	const struct smaps_vma *v = addr % 16 ? NULL : smaps__find(w->s, addr);

	return v && v->map.read && v->map.write && !v->map.inode && !v->map.shared &&
	       v->map.end - addr >= MIN_CHUNK;
}

/*
 * Does a struct malloc_state begin here? All bins are empty, and point to themselves, or hold
 * chunks; the sums are of pages.
 */
static bool is_state(const struct walk *w, const struct state_layout *l, const uint8_t *bytes,
		     uint64_t addr)
{
	uint64_t system = word(bytes, l->system), max = word(bytes, l->max_system),
		 top = word(bytes, l->top);
	size_t i, empty = 0;

	if (!system || system > max || system % PAGE || word(bytes, l->next) % 8 ||
	    !is_chunk_address(w, top))
		return false;
	for (i = 0; i < BINS; i++) {
		uint64_t head = bin_address(l, addr, i), next = word(bytes, l->bins + 16 * i),
			 prev = word(bytes, l->bins + 16 * i + 8);

		if (next == head && prev == head)
			empty++;
		else if (next == head || prev == head || next % 16 || prev % 16 || !next || !prev)
			return false;
	}
	/* the last bins are for chunks of any size: hardly ever are all in use */
	return empty > 0;
}

static bool read_state(const struct walk *w, uint64_t addr, uint8_t *bytes)
{
	return procmem__read(w->mem, addr, bytes, w->layout->size) &&
	       is_state(w, w->layout, bytes, addr);
}

/* The main arena, in a copy of an object's data. 0: not there. */
static uint64_t find_state(struct walk *w, const uint8_t *data, uint64_t addr, size_t n)
{
	size_t at, i;

	for (at = 0; at < n; at += 8) {
		for (i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
			if (at + layouts[i].size > n ||
			    !is_state(w, &layouts[i], data + at, addr + at))
				continue;
			w->layout = &layouts[i];
			return addr + at;
		}
	}
	return 0;
}

/* Objects that malloc may be in: the C library, or a program that it was linked into. */
static uint64_t find_main(struct walk *w)
{
	uint64_t found = 0;
	size_t i;

	for (i = 0; i < w->s->n && !found; i++) {
		const struct mapping *m = &w->s->vma[i].map;
		uint64_t size = m->end - m->start;
		uint8_t *data;

		if (!m->inode || !m->write || m->shared || m->exec || size > MAX_DATA ||
		    !w->s->vma[i].bytes[SMAPS_ANONYMOUS])
			continue;
		data = malloc(size);
		if (data && procmem__read(w->mem, m->start, data, size))
			found = find_state(w, data, m->start, size);
		free(data);
	}
	return found;
}

/* --- lists --- */

static bool read_chunk(const struct walk *w, uint64_t addr, uint64_t chunk[4])
{
	if (!is_chunk_address(w, addr) || !procmem__read(w->mem, addr, chunk, 4 * sizeof(*chunk)))
		return false;
	return (chunk[1] & ~SIZE_BITS) >= MIN_CHUNK && (chunk[1] & ~SIZE_BITS) <= w->out->system;
}

static void count_chunk(struct walk *w, const uint64_t chunk[4])
{
	w->out->bytes += chunk[1] & ~SIZE_BITS;
	w->out->chunks++;
}

/* A bin is a ring of chunks: head is the bin itself. */
static void walk_bin(struct walk *w, uint64_t head, uint64_t first)
{
	uint64_t chunk[4], at = first, prev = head;

	while (at != head) {
		if (!w->budget || !read_chunk(w, at, chunk) || chunk[3] != prev) {
			w->out->at_least = true; /* somebody is at work on it */
			return;
		}
		w->budget--;
		count_chunk(w, chunk);
		prev = at;
		at = chunk[2];
	}
}

/*
 * Fast bins are lists; since 2.32 their links are mixed with the address that they are at
 * (PROTECT_PTR). The upper bits of a plain link are zero only by accident of being the last one.
 */
static void walk_fast(struct walk *w, uint64_t first)
{
	uint64_t chunk[4], at = first, plain, mixed;

	while (at) {
		if (!w->budget || !read_chunk(w, at, chunk) ||
		    (chunk[1] & ~SIZE_BITS) > MAX_FAST_CHUNK) {
			w->out->at_least = true;
			return;
		}
		w->budget--;
		count_chunk(w, chunk);
		plain = chunk[2];
		mixed = (at + 16) >> 12 ^ chunk[2];
		if (!mixed || is_chunk_address(w, mixed))
			at = mixed;
		else
			at = plain;
	}
}

static void walk_arena(struct walk *w, uint64_t addr, const uint8_t *state)
{
	const struct state_layout *l = w->layout;
	uint64_t chunk[4];
	size_t i;

	w->out->arenas++;
	w->out->system += word(state, l->system);
	/* the chunk at the end has no links */
	if (read_chunk(w, word(state, l->top), chunk)) {
		w->out->bytes += chunk[1] & ~SIZE_BITS;
		w->out->top += chunk[1] & ~SIZE_BITS;
	}
	for (i = 0; i < FAST_BINS; i++)
		walk_fast(w, word(state, l->fast + 8 * i));
	for (i = 0; i < BINS; i++)
		walk_bin(w, bin_address(l, addr, i), word(state, l->bins + 16 * i));
}

int glibc__free_memory(const struct procmem *mem, const struct smaps *s, size_t max_chunks,
		       struct glibc_free *out)
{
	struct walk w = {.mem = mem, .s = s, .budget = max_chunks, .out = out};
	uint64_t first, addr;
	uint8_t *state = NULL;
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	first = find_main(&w);
	if (!first)
		return 0;
	state = malloc(MAX_STATE);
	if (!state)
		return -ENOMEM;
	addr = first;
	do {
		if (!read_state(&w, addr, state))
			goto cleanup; /* a ring that leads elsewhere: none of ours */
		walk_arena(&w, addr, state);
		addr = word(state, w.layout->next);
	} while (addr != first && ++n < MAX_ARENAS);
	out->known = addr == first;
cleanup:
	free(state);
	return 0;
}
