/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/heap.h"

#include <errno.h>
#include <string.h>

#include "reach/memcopy.h"
#include "target/maps.h"

#define PAGE 4096
#define N_FAST 10
#define N_BINS 127 /* there is no bin 0 */
#define PREV_INUSE 1ULL
#define SIZE_BITS 7ULL /* PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA */
#define MIN_CHUNK 32
#define MAX_FAST_CHUNK 176
#define HEAP_MAX (64ULL << 20) /* HEAP_MAX_SIZE without hugetlb pages */
#define MAX_ARENAS 4096
#define MAX_HEAPS 65536
#define MAX_CHUNKS (1u << 28) /* of a list: more is a ring */
#define TCACHE_BINS 64
#define TCACHE_MAX_COUNT 127 /* glibc.malloc.tcache_count may be set up to it */
#define STATIC_TLS 8192	     /* behind the thread pointer, in which the heap may begin */

/* Where members of struct malloc_state are: have_fastchunks came with 2.27. */
struct layout {
	uint16_t fast, top, bins, next, system, max_system, size;
};
static const struct layout layouts[] = {
	{16, 96, 112, 2160, 2184, 2192, 2200},
	{8, 88, 104, 2152, 2176, 2184, 2192},
};
#define MAX_STATE 2200
#define SEARCHED 16384 /* bytes at once */
#define N_LAYOUTS (sizeof(layouts) / sizeof(*layouts))

struct walk {
	const struct memcopy *memory;
	const struct maps *maps;
	const struct heap_opts *opts;
	const struct layout *layout;
	struct ranges *dead, *heaps;
	struct heap_found *found;
};

static bool word(const struct walk *w, uint64_t addr, uint64_t *value)
{
	return addr % 8 == 0 && memcopy__word(w->memory, addr, value);
}

static uint64_t state_word(const uint8_t *state, size_t at)
{
	uint64_t value;

	memcpy(&value, state + at, sizeof(value));
	return value;
}

/* Could malloc's memory be at addr? */
static bool is_heap_address(const struct walk *w, uint64_t addr)
{
	const struct mapping *m = maps__find(w->maps, addr);

	return m && m->read && m->write && !m->shared && !m->inode;
}

/* Bin i, from 0 on, is linked as a chunk would be whose links are where the bin's are. */
static uint64_t bin_head(const struct layout *l, uint64_t state, size_t i)
{
	return state + l->bins + 16 * i - 16;
}

static bool is_empty_bin(const struct layout *l, uint64_t addr, const uint8_t *state, size_t i)
{
	uint64_t head = bin_head(l, addr, i);

	return state_word(state, l->bins + 16 * i) == head &&
	       state_word(state, l->bins + 16 * i + 8) == head;
}

/* The last bin is never used; the others are empty, or hold two ends of a list. */
static bool is_state(const struct walk *w, const struct layout *l, uint64_t addr,
		     const uint8_t *state)
{
	uint64_t system = state_word(state, l->system), top = state_word(state, l->top);
	size_t i;

	if (!is_empty_bin(l, addr, state, N_BINS - 1))
		return false;
	for (i = 0; i < N_BINS - 1; i++) {
		uint64_t next = state_word(state, l->bins + 16 * i);
		uint64_t prev = state_word(state, l->bins + 16 * i + 8);

		if (is_empty_bin(l, addr, state, i))
			continue;
		if (!is_heap_address(w, next) || !is_heap_address(w, prev) || next % 16 ||
		    prev % 16)
			return false;
	}
	return system && system % PAGE == 0 && system <= state_word(state, l->max_system) &&
	       top % 16 == 0 && is_heap_address(w, top);
}

static bool read_state(const struct walk *w, uint64_t addr, uint8_t state[MAX_STATE])
{
	return addr % 8 == 0 && memcopy__read(w->memory, addr, state, w->layout->size);
}

/* The main arena, in the bytes that are at addr, if it is in the first n of them. 0: it is not. */
static uint64_t find_state(struct walk *w, uint64_t addr, const uint8_t *bytes, uint64_t n,
			   uint64_t len)
{
	uint64_t at;
	size_t k;

	for (at = 0; at < n; at += 8) {
		for (k = 0; k < N_LAYOUTS; k++) {
			w->layout = &layouts[k];
			if (len - at >= w->layout->size &&
			    is_state(w, w->layout, addr + at, bytes + at))
				return addr + at;
		}
	}
	return 0;
}

static uint64_t find_in_run(struct walk *w, uint64_t at, uint64_t end, uint64_t run_end)
{
	uint8_t bytes[SEARCHED + MAX_STATE];
	uint64_t n, len, found = 0;

	for (; !found && at < end; at += n) {
		n = end - at < SEARCHED ? end - at : SEARCHED;
		len = run_end - at < sizeof(bytes) ? run_end - at : sizeof(bytes);
		if (!memcopy__read(w->memory, at, bytes, len))
			return 0;
		found = find_state(w, at, bytes, n, len);
	}
	return found;
}

/* In the data of the C library, or of a program that it was linked into. 0: not there. */
static uint64_t find_main(struct walk *w)
{
	const struct memcopy_run *run;
	uint64_t found = 0;
	size_t n, i, k;

	run = memcopy__runs(w->memory, &n);
	for (i = 0; !found && i < w->maps->n; i++) {
		const struct mapping *m = &w->maps->map[i];

		if (!m->inode || m->shared || !m->write)
			continue;
		for (k = memcopy__first(w->memory, m->start);
		     !found && k < n && run[k].start < m->end; k++)
			found = find_in_run(w, run[k].start > m->start ? run[k].start : m->start,
					    run[k].end < m->end ? run[k].end : m->end, run[k].end);
	}
	return found;
}

/* --- what malloc keeps for later --- */

/* The size of the chunk at p; 0: there is none. */
static uint64_t chunk_size(const struct walk *w, uint64_t p)
{
	uint64_t size;

	if (p % 16 || !word(w, p + 8, &size))
		return 0;
	size &= ~SIZE_BITS;
	return size >= MIN_CHUNK && size % 16 == 0 && p + size > p && size < 1ULL << 47 ? size : 0;
}

/* A chunk's memory reaches up to the size of the one behind it. */
static int add_free(struct walk *w, uint64_t p, uint64_t size)
{
	return ranges__add(w->dead, p + 8, p + size + 8);
}

/* The chunk behind a free one repeats its size, and says that it is free. */
static bool is_free(const struct walk *w, uint64_t p, uint64_t size)
{
	uint64_t repeated, next;

	return word(w, p + size, &repeated) && repeated == size && word(w, p + size + 8, &next) &&
	       !(next & PREV_INUSE);
}

/* A ring through the bin. */
static int walk_bin(struct walk *w, uint64_t head, uint64_t first)
{
	uint64_t p = first, prev = head, back, size;
	uint32_t i;
	int err = 0;

	for (i = 0; !err && p != head && i < MAX_CHUNKS; i++) {
		size = chunk_size(w, p);
		if (!size || !is_free(w, p, size) || !word(w, p + 24, &back) || back != prev) {
			w->found->broken++; /* or somebody has been stopped at work on it */
			return 0;
		}
		err = add_free(w, p, size);
		prev = p;
		if (!word(w, p + 16, &p))
			return err;
	}
	return err;
}

/*
 * A list of chunks by what their links point to: the chunk (fast bins) or its memory (tcache, 16
 * bytes on). Since 2.32 links are mixed with the address they are at (PROTECT_PTR). Returns how
 * many there were, or -1: not a list of chunks of that size.
 */
static int64_t walk_list(struct walk *w, uint64_t link, uint64_t offset, uint64_t size, bool mixed,
			 uint64_t max, bool add)
{
	uint64_t n = 0, next;

	while (link) {
		uint64_t p = link - offset;

		if (n++ >= max || chunk_size(w, p) != size || !word(w, p + 16, &next))
			return -1;
		if (add && add_free(w, p, size))
			return -ENOMEM;
		link = mixed ? next ^ (p + 16) >> 12 : next;
	}
	return (int64_t)n;
}

static int walk_fast(struct walk *w, uint64_t first)
{
	uint64_t size = chunk_size(w, first);
	int mixed;

	for (mixed = 1; size && size <= MAX_FAST_CHUNK && mixed >= 0; mixed--)
		if (walk_list(w, first, 0, size, mixed, MAX_CHUNKS, false) >= 0)
			return walk_list(w, first, 0, size, mixed, MAX_CHUNKS, true) == -ENOMEM
				       ? -ENOMEM
				       : 0;
	w->found->broken += first != 0;
	return 0;
}

/* How caches look in one version or another. */
struct tcache_form {
	bool wide, mixed;
	unsigned int slack; /* lists that may be one off: their thread was just changing them */
};

/*
 * struct tcache_perthread_struct: 64 counts, of 2 bytes since 2.30 and of 1 before, and 64 lists.
 * Returns how many chunks are in it, or -1: it is none.
 */
static int64_t try_tcache(struct walk *w, uint64_t addr, const struct tcache_form *form, bool add)
{
	uint64_t entries = addr + TCACHE_BINS * (form->wide ? 2 : 1), first;
	uint8_t counts[TCACHE_BINS * 2];
	unsigned int count, slack = form->slack, i;
	int64_t n, sum = 0;

	if (!memcopy__read(w->memory, addr, counts, sizeof(counts)) ||
	    chunk_size(w, addr - 16) != 16 + TCACHE_BINS * (form->wide ? 10 : 9))
		return -1;
	for (i = 0; i < TCACHE_BINS; i++) {
		count = form->wide ? counts[2 * i] | counts[2 * i + 1] << 8 : counts[i];
		if (count > TCACHE_MAX_COUNT || !word(w, entries + 8 * i, &first))
			return -1;
		n = walk_list(w, first, 16, MIN_CHUNK + 16 * i, form->mixed, count + slack, add);
		sum += n;
		if (n == count)
			continue;
		if (!slack-- || n < 0 || n + 1 < count)
			return -1;
	}
	return sum;
}

/*
 * A thread's tcache is found by the pointer to it among its variables. Behind these is its stack,
 * where there may be pointers to other blocks of that size: if they are empty, they look like an
 * empty one.
 */
static int walk_tcache(struct walk *w, uint64_t tls)
{
	struct tcache_form best_form = {0};
	uint64_t at, addr, best = 0;
	int64_t n, most = -1;
	unsigned int ways;

	for (at = tls - PAGE; at < tls; at += 8) {
		if (!word(w, at, &addr) || addr % 16 || !is_heap_address(w, addr))
			continue;
		/* all of them exactly, before any with a list that is one off */
		for (ways = 8; ways-- > 0;) {
			const struct tcache_form form = {ways & 1, ways & 2, !(ways & 4)};

			n = try_tcache(w, addr, &form, false);
			if (n > most) {
				most = n;
				best = addr;
				best_form = form;
			}
			if (n >= 0)
				break;
		}
	}
	if (!best)
		return 0;
	try_tcache(w, best, &best_form, true);
	w->found->tcaches++;
	return ranges__add(w->dead, best, best - 16 + chunk_size(w, best - 16));
}

static int walk_free(struct walk *w, uint64_t arena, const uint8_t *state)
{
	const struct layout *l = w->layout;
	uint64_t top = state_word(state, l->top), size = chunk_size(w, top);
	const struct mapping *m = maps__find(w->maps, top);
	int err = 0;
	size_t i;

	if (size && m && size <= m->end - top)
		err = ranges__add(w->dead, top + 8, top + size);

	for (i = 0; !err && i < N_FAST; i++)
		err = walk_fast(w, state_word(state, l->fast + 8 * i));
	for (i = 0; !err && i < N_BINS; i++)
		err = walk_bin(w, bin_head(l, arena, i), state_word(state, l->bins + 16 * i));
	return err;
}

/* --- the heaps --- */

/* From the chunk at first on, chunk by chunk, one gets exactly to the top. */
static bool leads_to(const struct walk *w, uint64_t first, uint64_t top)
{
	uint64_t size, p = first;

	while (p < top) {
		size = chunk_size(w, p);
		if (!size)
			return false;
		p += size;
	}
	return p == top;
}

/*
 * The main heap begins where the break did; in static programs since 2.35 behind the main thread's
 * variables, which lie there, too. What else the program has got by sbrk is in between or behind:
 * then the chain of chunks is broken.
 */
static uint64_t main_first(const struct walk *w, uint64_t start, uint64_t top)
{
	uint64_t first = start;
	size_t i, k;

	for (i = 0; i < w->opts->n_tls; i++) {
		uint64_t tls = w->opts->tls[i];

		if (tls < start || tls >= top)
			continue;
		for (k = 0; k < STATIC_TLS; k += 16) {
			first = (tls + k + 15) / 16 * 16;
			if (leads_to(w, first, top))
				return first;
		}
		return 0;
	}
	return leads_to(w, first, top) ? first : 0;
}

/* Where the break began: what has grown since a fork is a mapping of its own. */
static uint64_t break_start(const struct walk *w, const struct mapping *m)
{
	while (m > w->maps->map && m[-1].end == m->start && !strcmp(m[-1].path, "[heap]"))
		m--;
	return m->start;
}

static int tell(struct walk *w, const struct heap_chain *chain)
{
	return w->opts->chain ? w->opts->chain(chain, w->opts->arg) : 0;
}

static int add_main(struct walk *w, const uint8_t *state)
{
	uint64_t top = state_word(state, w->layout->top), first, start, size = chunk_size(w, top);
	const struct mapping *m = maps__find(w->maps, top);
	int err;

	if (!m || !size || size > m->end - top || strcmp(m->path, "[heap]") != 0)
		return 0;
	start = break_start(w, m);
	first = main_first(w, start, top);
	err = tell(w, &(struct heap_chain){first, top, top + size - start, true, size});
	if (err)
		return err;
	if (!first)
		return ranges__add(w->heaps, start, m->end);
	w->found->main_walked = true;
	err = ranges__add(w->heaps, first, top + size);
	if (!err && w->opts->all_known)
		err = ranges__add(w->dead, first, top + size);
	return err;
}

/*
 * Where the chain of a heap ends that is no longer grown: sysmalloc has put two headers there, of
 * 16 and of 0 bytes. 0: nowhere.
 */
static uint64_t chain_end(const struct walk *w, uint64_t first, uint64_t end)
{
	uint64_t p = first, size, next;

	while (p + 32 <= end && word(w, p + 8, &size)) {
		size &= ~SIZE_BITS;
		if (size == 16 && word(w, p + 24, &next) && !(next & ~SIZE_BITS))
			return p;
		if (size < MIN_CHUNK || size % 16 || size > end - p)
			return 0;
		p += size;
	}
	return 0;
}

/* Its first chunk is behind the header, and the arena if that is in it. */
static int tell_heap(struct walk *w, uint64_t arena, uint64_t at, uint64_t size, uint64_t top)
{
	uint64_t header = arena % HEAP_MAX, first, top_size = 0, end;
	bool has_arena = arena - header == at;

	first = (at + header + (has_arena ? w->layout->size : 0) + 15) / 16 * 16;
	if (top > at && top - at < size) {
		end = top;
		top_size = chunk_size(w, top);
		if (!leads_to(w, first, top) || top_size > at + size - top)
			first = 0;
	} else {
		end = chain_end(w, first, at + size);
		if (!end)
			first = 0;
	}
	return tell(w, &(struct heap_chain){first, end, size, false, top_size});
}

/* struct heap_info: arena, previous heap, bytes in use, bytes that may be used. */
static int add_heaps(struct walk *w, uint64_t arena, uint64_t top)
{
	uint64_t at = top & ~(HEAP_MAX - 1), of, prev, size;
	int i, err = 0;

	for (i = 0; !err && at && i < MAX_HEAPS; i++) {
		if (!word(w, at, &of) || !word(w, at + 8, &prev) || !word(w, at + 16, &size) ||
		    of != arena || prev % HEAP_MAX || size % PAGE || size > HEAP_MAX)
			return 0;
		err = ranges__add(w->heaps, at, at + size);
		if (!err)
			err = tell_heap(w, arena, at, size, top);
		if (!err && w->opts->all_known)
			err = ranges__add(w->dead, at, at + size);
		at = prev;
	}
	return err;
}

static int add_arena(struct walk *w, uint64_t arena, const uint8_t *state, bool is_main)
{
	int err;

	/* it points to chunks, which is where the blocks before them end */
	err = ranges__add(w->dead, arena, arena + w->layout->size);
	if (!err && is_main)
		err = add_main(w, state);
	else if (!err)
		err = add_heaps(w, arena, state_word(state, w->layout->top));
	return err ? err : walk_free(w, arena, state);
}

int heap__find(const struct memcopy *memory, const struct maps *maps, const struct heap_opts *opts,
	       struct ranges *dead, struct ranges *heaps, struct heap_found *found)
{
	struct walk w = {.memory = memory,
			 .maps = maps,
			 .opts = opts,
			 .dead = dead,
			 .heaps = heaps,
			 .found = found};
	uint64_t arena, first;
	uint8_t state[MAX_STATE];
	int err = 0;
	size_t i;

	memset(found, 0, sizeof(*found));
	first = arena = find_main(&w);
	if (!first)
		return 0;
	found->known = true;
	found->main_arena = first;
	do {
		if (!read_state(&w, arena, state) || !is_state(&w, w.layout, arena, state))
			break; /* the ring is broken: what is behind counts as the program's */
		err = add_arena(&w, arena, state, arena == first);
		arena = state_word(state, w.layout->next);
	} while (!err && ++found->arenas < MAX_ARENAS && arena != first);
	for (i = 0; !err && i < opts->n_tls; i++)
		err = walk_tcache(&w, opts->tls[i]);
	return err;
}
