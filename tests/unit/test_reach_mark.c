/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marking, on graphs in our own memory: by hand, and random ones against the definitions. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reach/blockidx.h"
#include "reach/holders.h"
#include "reach/mark.h"
#include "reach/memcopy.h"

#define ARENA (1 << 20)
#define ROOTS 4096 /* bytes at the arena's start that are roots */
#define MAX_BLOCKS 200

static uint8_t *arena;
static struct mark_block blocks[MAX_BLOCKS];
static size_t n_blocks;
static size_t used;

static void begin(void)
{
	if (!arena)
		arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	memset(arena, 0, ARENA);
	n_blocks = 0;
	used = ROOTS;
}

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

/* A block of so many bytes, gap bytes behind the last one. */
static uint64_t *make(uint64_t size, size_t gap)
{
	uint8_t *at = arena + used + gap;

	blocks[n_blocks] = (struct mark_block){.addr = addr_of(at), .size = size, .tag = n_blocks};
	n_blocks++;
	used += gap + (size ? (size + 15) / 16 * 16 : 16);
	return (uint64_t *)at;
}

static uint64_t *root(size_t i)
{
	return (uint64_t *)arena + i;
}

static void judge_with(struct memcopy *m, struct mark_block *b, const struct marker_opts *opts)
{
	struct marker *mk;

	CHECK_EQ(memcopy__add(m, addr_of(arena), addr_of(arena) + ARENA), 0);
	CHECK_EQ(memcopy__fill(m, 0), 0);
	CHECK_EQ(memcopy__unreadable(m), 0);
	CHECK_EQ(marker__new(m, b, n_blocks, opts, &mk), 0);
	marker__range(mk, addr_of(arena), addr_of(arena) + ROOTS);
	marker__finish(mk);
	marker__free(mk);
	CHECK_EQ(memcopy__shut(m), 0);
	memcopy__free(m);
}

/* Whether memory is copied or read through a window that a quarter of it fits into is all one. */
static void judge(const struct marker_opts *opts)
{
	static struct mark_block again[MAX_BLOCKS];
	struct memcopy *m;
	size_t i, differ = 0;

	memcpy(again, blocks, sizeof(again));
	CHECK_EQ(memcopy__new(getpid(), 0, &m), 0);
	judge_with(m, blocks, opts);
	CHECK_EQ(memcopy__new_window(getpid(), 1, &m), 0);
	CHECK(memcopy__is_window(m));
	judge_with(m, again, opts);
	for (i = 0; i < n_blocks; i++)
		differ += again[i].addr != blocks[i].addr || again[i].kind != blocks[i].kind ||
			  again[i].under_bytes != blocks[i].under_bytes ||
			  again[i].under_count != blocks[i].under_count;
	CHECK_EQ(differ, 0);
}

static const struct mark_block *of(const void *p)
{
	size_t i;

	for (i = 0; i < n_blocks; i++)
		if (blocks[i].addr == addr_of(p))
			return &blocks[i];
	return NULL;
}

static void kinds_by_hand(void)
{
	uint64_t *a, *b, *c, *d, *e, *f, *g, *empty, *out;

	begin();
	a = make(64, 16);
	b = make(64, 16);
	c = make(64, 16);
	d = make(64, 16);
	e = make(64, 16);
	f = make(64, 16);
	g = make(64, 16);
	empty = make(0, 16);
	out = make(24, 32);
	*root(0) = addr_of(a);
	a[7] = addr_of(b) + 8; /* interior: b is possible, and what it leads to */
	b[0] = addr_of(c);
	d[0] = addr_of(e); /* lost, with e and f; and f back to d */
	e[0] = addr_of(f) + 32;
	f[0] = addr_of(d);
	*root(1) = addr_of(g) + 64; /* one past the end */
	*root(2) = addr_of(empty);
	memcpy((uint8_t *)root(3) + 4, &(uint64_t){addr_of(out)}, 8); /* not aligned */
	judge(NULL);
	CHECK_EQ(of(a)->kind, REACH_REACHABLE);
	CHECK_EQ(of(b)->kind, REACH_POSSIBLE);
	CHECK_EQ(of(c)->kind, REACH_POSSIBLE);
	CHECK_EQ(of(d)->kind, REACH_DEFINITE);
	CHECK_EQ(of(e)->kind, REACH_INDIRECT);
	CHECK_EQ(of(f)->kind, REACH_INDIRECT);
	CHECK_EQ(of(d)->under_bytes, 128);
	CHECK_EQ(of(d)->under_count, 2);
	CHECK_EQ(of(g)->kind, REACH_DEFINITE);
	CHECK_EQ(of(g)->under_count, 0);
	CHECK_EQ(of(empty)->kind, REACH_REACHABLE);
	CHECK_EQ(of(out)->kind, REACH_DEFINITE);
}

/* The lost block with the higher address is found last, and takes over what hangs under it. */
static void lost_from_above(void)
{
	uint64_t *a, *b, *c, *top;

	begin();
	a = make(32, 0);
	b = make(48, 0);
	c = make(64, 0);
	top = make(80, 0);
	a[0] = addr_of(b);
	b[1] = addr_of(c);
	top[0] = addr_of(a) + 8;
	judge(NULL);
	CHECK_EQ(of(top)->kind, REACH_DEFINITE);
	CHECK_EQ(of(top)->under_bytes, 32 + 48 + 64);
	CHECK_EQ(of(top)->under_count, 3);
	CHECK_EQ(of(a)->kind, REACH_INDIRECT);
	CHECK_EQ(of(a)->under_count, 0);
}

static void held_is_reachable(void)
{
	uint64_t *a, *b;

	begin();
	a = make(32, 0);
	b = make(32, 0);
	a[0] = addr_of(b);
	blocks[0].held = true;
	judge(NULL);
	CHECK_EQ(of(a)->kind, REACH_REACHABLE);
	CHECK_EQ(of(b)->kind, REACH_REACHABLE);
}

/* Blocks that were cut out of a larger one: that one's other memory is looked at. */
static void blocks_in_a_pool(void)
{
	uint64_t *pool, *in, *lost, *kept;

	begin();
	pool = make(1024, 0);
	blocks[n_blocks] = (struct mark_block){.addr = addr_of(pool + 8), .size = 64};
	in = pool + 8;
	n_blocks++;
	blocks[n_blocks] = (struct mark_block){.addr = addr_of(pool + 32), .size = 64};
	lost = pool + 32;
	n_blocks++;
	kept = make(32, 0);
	pool[100] = addr_of(in);
	in[0] = addr_of(kept);
	judge(NULL);
	CHECK_EQ(of(pool)->kind, REACH_REACHABLE);
	CHECK_EQ(of(in)->kind, REACH_REACHABLE);
	CHECK_EQ(of(kept)->kind, REACH_REACHABLE);
	CHECK_EQ(of(lost)->kind, REACH_DEFINITE);
}

static bool is_7000(uint64_t addr, void *arg)
{
	++*(int *)arg;
	return addr == 0x7000 || addr == 0x7008;
}

static void interior_on_purpose(void)
{
	struct marker_opts opts = {.is_vtable = is_7000};
	uint64_t *text, *bad_text, *length, *array, *bad_array, *object, *half, *low;
	int asked = 0;

	opts.arg = &asked;
	begin();
	text = make(24 + 17, 0);
	text[0] = 16;
	text[1] = 16;
	bad_text = make(24 + 17, 0);
	bad_text[0] = 17;
	bad_text[1] = 16;
	length = make(51, 0);
	length[0] = 43;
	array = make(8 + 3 * 24, 0);
	array[0] = 3;
	bad_array = make(8 + 3 * 24, 0);
	bad_array[0] = 7;
	object = make(40, 0);
	object[0] = 0x7000;
	object[2] = 0x7008;
	half = make(40, 0);
	half[0] = 0x7000;
	half[2] = 0x7010;
	low = make(40, 0);
	low[0] = low[2] = 0x800;
	*root(0) = addr_of(text + 3);
	*root(1) = addr_of(bad_text + 3);
	*root(2) = addr_of(length + 1);
	*root(3) = addr_of(array + 1);
	*root(4) = addr_of(bad_array + 1);
	*root(5) = addr_of(object + 2);
	*root(6) = addr_of(half + 2);
	*root(7) = addr_of(low + 2);
	judge(&opts);
	CHECK_EQ(of(text)->kind, REACH_REACHABLE);
	CHECK_EQ(of(bad_text)->kind, REACH_POSSIBLE);
	CHECK_EQ(of(length)->kind, REACH_REACHABLE);
	CHECK_EQ(of(array)->kind, REACH_REACHABLE);
	CHECK_EQ(of(bad_array)->kind, REACH_POSSIBLE);
	CHECK_EQ(of(object)->kind, REACH_REACHABLE);
	CHECK_EQ(of(half)->kind, REACH_POSSIBLE);
	CHECK_EQ(of(low)->kind, REACH_POSSIBLE);
	CHECK(asked > 0);
}

/* --- random graphs, and the kinds by what the manual says of paths --- */

static unsigned short state[3];

static size_t draw(size_t n)
{
	return nrand48(state) % n;
}

static bool holds(const struct mark_block *b, uint64_t value)
{
	return value >= b->addr && value - b->addr < (b->size ? b->size : 1);
}

/* Follow words of block i until nothing changes: which[k] is set for what is met. */
static void follow(const uint8_t *from, size_t words, bool start_only, bool *which)
{
	size_t i, k;

	for (i = 0; i < words; i++) {
		uint64_t value;

		memcpy(&value, from + 8 * i, 8);
		for (k = 0; k < n_blocks; k++) {
			if (which[k] || !holds(&blocks[k], value) ||
			    (start_only && value != blocks[k].addr))
				continue;
			which[k] = true;
			follow((uint8_t *)(uintptr_t)blocks[k].addr, blocks[k].size / 8, start_only,
			       which);
		}
	}
}

static void follow_block(size_t i, bool *which)
{
	which[i] = true;
	follow((uint8_t *)(uintptr_t)blocks[i].addr, blocks[i].size / 8, false, which);
}

/* Now and then inside, but not where C++ has its reasons to point to. */
static uint64_t pointer_to(const struct mark_block *to)
{
	uint64_t offset = draw(4) ? 0 : draw(to->size + 20);

	return to->addr + offset + (offset == 8 || offset == 24);
}

/* Dense: more pointers than links__new notes down, and of a few blocks to each other. */
static void fill(size_t n, size_t n_roots, bool dense)
{
	size_t i, k;

	begin();
	for (i = 0; i < n; i++)
		make(draw(4) ? draw(dense ? 40 : 12) * 8 + 16 : draw(3) * 5, 16 * draw(3));
	for (i = 0; i < n; i++)
		for (k = 0; k < blocks[i].size / 8; k++)
			if (dense || !draw(5))
				((uint64_t *)(uintptr_t)blocks[i].addr)[k] = pointer_to(
					&blocks[dense ? (i / 4 * 4 + draw(4)) % n : draw(n)]);
	for (i = 0; i < n_roots; i++)
		*root(draw(ROOTS / 8)) = pointer_to(&blocks[draw(n)]);
}

static void by_definition(void)
{
	static bool start[MAX_BLOCKS], any[MAX_BLOCKS], lost[MAX_BLOCKS][MAX_BLOCKS];
	unsigned int seen[REACH_KINDS] = {0}, wrong = 0;
	int round;
	size_t i, k;

	for (round = 0; round < 400; round++) {
		size_t n = 2 + draw(MAX_BLOCKS - 2);
		uint64_t under = 0, indirect = 0;

		fill(n, draw(1 + n / 8), !(round % 8));
		judge(NULL); /* sorts; they are */
		memset(start, 0, sizeof(start));
		memset(any, 0, sizeof(any));
		memset(lost, 0, sizeof(lost));
		follow(arena, ROOTS / 8, true, start);
		follow(arena, ROOTS / 8, false, any);
		for (i = 0; i < n; i++)
			if (!any[i])
				follow_block(i, lost[i]);
		for (i = 0; i < n; i++) {
			enum reach_kind want = REACH_DEFINITE;

			/* lost through another one, unless that is of the same ring, and behind */
			for (k = 0; k < n; k++)
				if (k != i && !any[k] && lost[k][i] && (k < i || !lost[i][k]))
					want = REACH_INDIRECT;
			if (any[i])
				want = start[i] ? REACH_REACHABLE : REACH_POSSIBLE;
			wrong += blocks[i].kind != want;
			seen[want]++;
			under += blocks[i].under_count;
			indirect += want == REACH_INDIRECT;
		}
		wrong += under != indirect; /* each hangs under one */
	}
	CHECK_EQ(wrong, 0);
	for (k = REACH_REACHABLE; k < REACH_KINDS; k++)
		CHECK(seen[k] > 500);
}

/* --- holders --- */

static bool points_into(uint64_t at, const struct mark_block *b)
{
	uint64_t word;

	memcpy(&word, (void *)(uintptr_t)at, sizeof(word));
	return word >= b->addr && word - b->addr < (b->size ? b->size : 1);
}

/* Steps from a root, by relaxing all edges until nothing changes; MAX_BLOCKS: none leads there. */
static void distances(size_t n, size_t *steps)
{
	bool changed = true;
	size_t i, k, j;

	for (i = 0; i < n; i++)
		steps[i] = MAX_BLOCKS;
	for (k = 0; k < ROOTS / 8; k++)
		for (i = 0; i < n; i++)
			if (points_into(addr_of(root(k)), &blocks[i]))
				steps[i] = 0;
	while (changed) {
		changed = false;
		for (i = 0; i < n; i++)
			for (k = 0; steps[i] < MAX_BLOCKS && k + 8 <= blocks[i].size; k += 8)
				for (j = 0; j < n; j++)
					if (steps[j] > steps[i] + 1 &&
					    points_into(blocks[i].addr + k, &blocks[j])) {
						steps[j] = steps[i] + 1;
						changed = true;
					}
	}
}

/* The steps that are told, each of which has to be a pointer; MAX_BLOCKS + 1: one is none. */
static size_t told_steps(const struct holders *h, size_t i)
{
	struct holder by = holders__of(h, i);
	size_t n = 0;

	while (by.block < MAX_BLOCKS) {
		const struct mark_block *b = &blocks[by.block];

		if (!points_into(by.at, &blocks[i]) || by.at < b->addr ||
		    by.at + 8 > b->addr + b->size || n++ > MAX_BLOCKS)
			return MAX_BLOCKS + 1;
		i = by.block;
		by = holders__of(h, i);
	}
	if (by.block == HOLDERS_NONE)
		return MAX_BLOCKS;
	return points_into(by.at, &blocks[i]) && by.at < addr_of(root(ROOTS / 8)) ? n
										  : MAX_BLOCKS + 1;
}

/* Is what is told of the other end of the way the same? */
static bool same_origin(const struct holders *h, size_t i)
{
	struct holder by = holders__of(h, i);
	uint64_t root = holders__root(h, i);
	size_t n = 0, of = i;

	for (; by.block < MAX_BLOCKS; n++)
		by = holders__of(h, by.block);
	return by.block == HOLDERS_NONE || (by.at == root && n == holders__steps(h, of));
}

static void shortest_ways(void)
{
	static size_t steps[MAX_BLOCKS];
	size_t i, held = 0, far = 0, wrong = 0;
	struct holders *h;
	struct memcopy *m;
	int round;

	for (round = 0; round < 60; round++) {
		size_t n = 2 + draw(MAX_BLOCKS - 2);

		fill(n, 1 + draw(1 + n / 8), false);
		judge(NULL); /* sorts */
		distances(n, steps);
		CHECK_EQ(memcopy__new(getpid(), 0, &m), 0);
		CHECK_EQ(memcopy__add(m, addr_of(arena), addr_of(arena) + ARENA), 0);
		CHECK_EQ(memcopy__fill(m, 0), 0);
		CHECK_EQ(holders__new(m, blocks, n, &h), 0);
		holders__range(h, addr_of(arena), addr_of(arena) + ROOTS);
		holders__finish(h);
		for (i = 0; i < n; i++) {
			wrong += told_steps(h, i) != steps[i];
			wrong += !same_origin(h, i);
			held += steps[i] < MAX_BLOCKS;
			far += steps[i] > 3 && steps[i] < MAX_BLOCKS;
		}
		holders__free(h);
		memcopy__free(m);
	}
	CHECK_EQ(wrong, 0);
	CHECK(held > 500 && far > 50);
}

/*
 * With five levels of page tables user space ends at 2^56, and a program gets what is above 2^47 if
 * it asks for it. We need not have such memory to know blocks there: only nothing is known of what
 * they hold. The addresses differ from each other in the upper bits only.
 */
static void addresses_of_57_bits(void)
{
	static const uint64_t top[] = {1ULL << 47, 1ULL << 48, 1ULL << 52, 1ULL << 55,
				       (1ULL << 56) - (1 << 20)};
	const uint64_t low = 0x5000;
	uint64_t *a, *lost;
	size_t i;

	begin();
	a = make(64, 16);
	lost = make(64, 16);
	for (i = 0; i < 5; i++)
		blocks[n_blocks++] = (struct mark_block){.addr = top[i] + low, .size = 64};
	blocks[n_blocks++] = (struct mark_block){.addr = (1ULL << 54) + low, .size = 1ULL << 50};
	*root(0) = addr_of(a);
	a[0] = top[0] + low;			/* a start-pointer */
	a[1] = top[1] + low + 63;		/* to the last byte */
	a[2] = top[2] + low + 64;		/* one past the end */
	*root(1) = (1ULL << 54) + (1ULL << 50); /* far inside */
	lost[0] = top[3] + low;
	*root(2) = (0xffULL << 56) |
		   (top[4] + low); /* with a tag: memcheck does not know it either */
	judge(NULL);
	CHECK_EQ(of(a)->kind, REACH_REACHABLE);
	CHECK_EQ(of(lost)->kind, REACH_DEFINITE);
	CHECK_EQ(of(lost)->under_bytes, 64);
	CHECK_EQ(of((void *)(uintptr_t)(top[0] + low))->kind, REACH_REACHABLE);
	CHECK_EQ(of((void *)(uintptr_t)(top[1] + low))->kind, REACH_POSSIBLE);
	CHECK_EQ(of((void *)(uintptr_t)(top[2] + low))->kind, REACH_DEFINITE);
	CHECK_EQ(of((void *)(uintptr_t)(top[3] + low))->kind, REACH_INDIRECT);
	CHECK_EQ(of((void *)(uintptr_t)(top[4] + low))->kind, REACH_DEFINITE);
	CHECK_EQ(of((void *)(uintptr_t)((1ULL << 54) + low))->kind, REACH_POSSIBLE);
}

/* --- the index --- */

struct span {
	uint64_t addr, size;
};

static void index_against_search(void)
{
	static struct span spans[3000];
	unsigned int wrong = 0;
	struct blockidx *x;
	int round, t;
	size_t i;

	for (round = 0; round < 60; round++) {
		uint64_t at = 0x10000;
		size_t n = round ? 1 + draw(3000) : 0;

		for (i = 0; i < n; i++) {
			static const uint64_t gaps[] = {0, 1, 16, 4096, 3 << 20, 1ULL << 40};
			static const uint64_t sizes[] = {1, 16, 24, 5000, 4 << 20, 1ULL << 42};

			at += draw(20) ? gaps[draw(3)] : gaps[draw(6)];
			spans[i].addr = at;
			spans[i].size = draw(30) ? sizes[draw(3)] : sizes[draw(6)];
			if (!draw(40))
				spans[i].size = 0;
			at += spans[i].size ? spans[i].size : 1;
		}
		CHECK_EQ(blockidx__new(spans, sizeof(*spans), n, &x), 0);
		for (t = 0; t < 4000; t++) {
			const struct span *near = &spans[n ? draw(n) : 0];
			uint64_t addr = near->addr + draw(40) - 20 + (draw(2) ? near->size : 0);
			uint32_t want = BLOCKIDX_NONE;
			size_t first = n, low = 0, high = n;

			while (low < high) { /* the last that begins at addr or below */
				size_t mid = (low + high) / 2;

				if (spans[mid].addr <= addr)
					low = mid + 1;
				else
					high = mid;
			}
			if (low && addr - spans[low - 1].addr <
					   (spans[low - 1].size ? spans[low - 1].size : 1))
				want = low - 1;
			first = want == BLOCKIDX_NONE ? low : want;
			wrong += blockidx__find(x, addr) != want;
			wrong += blockidx__first(x, addr) != first;
		}
		blockidx__free(x);
	}
	CHECK_EQ(wrong, 0);
	blockidx__free(NULL);
}

int main(void)
{
	state[0] = 7;
	RUN(kinds_by_hand);
	RUN(lost_from_above);
	RUN(held_is_reachable);
	RUN(blocks_in_a_pool);
	RUN(interior_on_purpose);
	RUN(by_definition);
	RUN(shortest_ways);
	RUN(addresses_of_57_bits);
	RUN(index_against_search);
	return check_done();
}
