/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading blocks in several threads: what is noted down, and that verdicts do not depend on it. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reach/blockidx.h"
#include "reach/links.h"
#include "reach/mark.h"
#include "reach/memcopy.h"
#include "reach/together.h"

#define ARENA (4 << 20)
#define ROOTS 512 /* bytes at the arena's start that are roots */
#define MAX_BLOCKS 1500
#define MAX_WORDS 100 /* of a block: most are of less than 10 */
#define GRAPHS 2000

static unsigned short state[3];
static uint8_t *arena;
static size_t n_blocks;
static struct mark_block blocks[MAX_BLOCKS];

static size_t draw(size_t n)
{
	return nrand48(state) % n;
}

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

static uint64_t *words_of(const struct mark_block *b)
{
	return (uint64_t *)(uintptr_t)b->addr;
}

static uint64_t end_of(const struct mark_block *b)
{
	return b->addr + (b->size ? b->size : 1);
}

/* To a block, or just beside it; half of them to neighbours, for many components. */
static uint64_t pointer_from(size_t i)
{
	size_t to = draw(2) ? draw(n_blocks) : i / 8 * 8 + draw(8);
	const struct mark_block *b = &blocks[to < n_blocks ? to : i];

	return b->addr + (draw(5) ? 0 : draw(b->size + 20));
}

/* n blocks, and in every so manyth word of them a pointer. Some are held, some are empty. */
static void fill(size_t n, size_t rarely, size_t n_roots)
{
	size_t used = ROOTS, i, k;

	if (!arena)
		arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	memset(arena, 0, ROOTS);
	n_blocks = n;
	for (i = 0; i < n; i++) {
		size_t size = 8 * draw(draw(rarely > 1 ? 8 : 2) ? 10 : MAX_WORDS) + draw(8);

		blocks[i] = (struct mark_block){addr_of(arena + used), size, .held = !draw(200)};
		memset(arena + used, 0, size + 32);
		used += (size + 31) / 16 * 16;
	}
	for (i = 0; i < n; i++)
		for (k = 0; k < blocks[i].size / 8; k++)
			if (!draw(rarely))
				words_of(&blocks[i])[k] = pointer_from(i);
	for (i = 0; i < n_roots; i++)
		((uint64_t *)arena)[draw(ROOTS / 8)] = pointer_from(draw(n));
}

static struct memcopy *copy(void)
{
	struct memcopy *m;

	CHECK_EQ(memcopy__new(getpid(), 0, &m), 0);
	CHECK_EQ(memcopy__add(m, addr_of(arena), addr_of(arena) + ARENA), 0);
	CHECK_EQ(memcopy__fill(m, 0), 0);
	return m;
}

/* --- what is noted down --- */

/* The block that holds value, by looking for it; n_blocks: none. */
static size_t search(uint64_t value)
{
	size_t low = 0, high = n_blocks;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (end_of(&blocks[mid]) <= value)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n_blocks && blocks[low].addr <= value ? low : n_blocks;
}

/* Is it just what the words of block i say? */
static bool is_exact(size_t i, struct links_cursor *at)
{
	const struct mark_block *b = &blocks[i];
	struct link link;
	size_t k, to;

	for (k = 0; k < b->size / 8; k++) {
		uint64_t value = words_of(b)[k];

		to = search(value);
		if (to == n_blocks || to == i)
			continue;
		if (!links__next(at, &link) || link.to != to ||
		    link.by_start != (value == blocks[to].addr) ||
		    (!link.by_start && link.value != value))
			return false;
	}
	return !links__next(at, &link);
}

static void notes_are_exact(void)
{
	size_t noted = 0, not_noted = 0, wrong = 0, sparse_left_out = 0;
	int round;
	size_t i;

	for (round = 0; round < 200; round++) {
		size_t rarely = 1 + round % 4;
		struct links_cursor at;
		struct blockidx *index;
		struct memcopy *m;
		struct links *l;

		fill(1 + draw(MAX_BLOCKS), rarely, 0);
		m = copy();
		CHECK_EQ(blockidx__new(blocks, sizeof(*blocks), n_blocks, &index), 0);
		l = links__new(m, index, blocks, n_blocks, 1 + round % TOGETHER_MAX);
		CHECK(l);
		for (i = 0; i < n_blocks; i++) {
			if (links__of(l, i, &at)) {
				wrong += !is_exact(i, &at);
				noted++;
			} else {
				sparse_left_out += rarely == 4;
				not_noted++;
			}
		}
		links__free(l);
		blockidx__free(index);
		memcopy__free(m);
	}
	CHECK_EQ(wrong, 0);
	CHECK(noted > 50000);
	CHECK(not_noted > 5000); /* of graphs in which each word is a pointer */
	CHECK_EQ(sparse_left_out, 0);
	CHECK(!links__of(NULL, 0, &(struct links_cursor){0}));
	links__free(NULL);
}

/* 3,000 pointers take all the room that 128 blocks share, and give it back. */
static void too_many_of_one_block(void)
{
	const size_t n = 128, others = 8;
	uint64_t *heavy = (uint64_t *)(arena + ROOTS);
	struct links_cursor at;
	struct blockidx *index;
	struct memcopy *m;
	struct links *l;
	size_t i, k;

	n_blocks = n;
	blocks[0] = (struct mark_block){.addr = addr_of(heavy), .size = 3000 * 8};
	for (i = 1; i < n; i++)
		blocks[i] = (struct mark_block){.addr = blocks[i - 1].addr + blocks[i - 1].size,
						.size = others * 8};
	for (i = 0; i < n; i++)
		for (k = 0; k < blocks[i].size / 8; k++)
			words_of(&blocks[i])[k] = blocks[i ? i - 1 : n - 1].addr;
	m = copy();
	CHECK_EQ(blockidx__new(blocks, sizeof(*blocks), n, &index), 0);
	l = links__new(m, index, blocks, n, 1);
	CHECK(!links__of(l, 0, &at));
	for (i = 1; i < n; i++)
		CHECK(links__of(l, i, &at) && is_exact(i, &at));
	links__free(l);
	blockidx__free(index);
	memcopy__free(m);
}

/* --- verdicts --- */

static void judge(const struct memcopy *m, unsigned int threads)
{
	const struct marker_opts opts = {.threads = threads};
	struct marker *mk;

	CHECK_EQ(marker__new(m, blocks, n_blocks, &opts, &mk), 0);
	marker__range(mk, addr_of(arena), addr_of(arena) + ROOTS);
	marker__finish(mk);
	marker__free(mk);
}

static size_t differences(const struct mark_block *a, const struct mark_block *b)
{
	size_t i, n = 0;

	for (i = 0; i < n_blocks; i++)
		n += a[i].addr != b[i].addr || a[i].kind != b[i].kind ||
		     a[i].under_bytes != b[i].under_bytes || a[i].under_count != b[i].under_count;
	return n;
}

static void same_in_any_number_of_threads(void)
{
	static struct mark_block alone[MAX_BLOCKS];
	size_t seen[REACH_KINDS] = {0}, wrong = 0;
	unsigned int threads;
	int round;
	size_t i;

	for (round = 0; round < GRAPHS; round++) {
		struct memcopy *m;

		fill(1 + draw(round % 10 ? MAX_BLOCKS / 3 : MAX_BLOCKS), 1 + draw(15), draw(4));
		m = copy();
		judge(m, 1);
		memcpy(alone, blocks, sizeof(alone));
		for (threads = 2; threads <= TOGETHER_MAX; threads += 2) {
			judge(m, threads);
			wrong += differences(alone, blocks);
		}
		memcopy__free(m);
		for (i = 0; i < n_blocks; i++)
			seen[blocks[i].kind]++;
	}
	CHECK_EQ(wrong, 0);
	for (i = REACH_REACHABLE; i < REACH_KINDS; i++)
		CHECK(seen[i] > 5000);
}

/* --- together --- */

#define PIECES 5000

struct done {
	unsigned char times[PIECES];
	pthread_t by[PIECES];
};

static void count(size_t piece, void *arg)
{
	struct done *d = arg;

	d->times[piece]++;
	d->by[piece] = pthread_self();
}

/* Different ones among the first n. */
static unsigned int count_threads(const struct done *d, size_t n)
{
	pthread_t seen[TOGETHER_MAX + 1];
	unsigned int n_seen = 0, k;
	size_t i;

	for (i = 0; i < n && n_seen <= TOGETHER_MAX; i++) {
		for (k = 0; k < n_seen && !pthread_equal(seen[k], d->by[i]); k++)
			;
		if (k == n_seen)
			seen[n_seen++] = d->by[i];
	}
	return n_seen;
}

static void each_piece_once(void)
{
	static struct done done;
	unsigned int threads, wrong = 0;
	size_t n, i;

	for (threads = 0; threads <= TOGETHER_MAX + 1; threads++)
		for (n = 0; n <= PIECES; n = n ? n * 10 : 5) {
			memset(&done, 0, sizeof(done));
			together__do(threads, n, count, &done);
			for (i = 0; i < PIECES; i++)
				wrong += done.times[i] != (i < n);
			CHECK(count_threads(&done, n) <= (threads ? threads : TOGETHER_MAX));
			CHECK(count_threads(&done, n) <= TOGETHER_MAX);
		}
	CHECK_EQ(wrong, 0);
}

static void as_many_as_we_may_have(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	CHECK_EQ(together__threads(),
		 CPU_COUNT(&all) < TOGETHER_MAX ? CPU_COUNT(&all) : TOGETHER_MAX);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	CHECK_EQ(together__threads(), 1);
	CHECK_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	state[0] = 8;
	RUN(notes_are_exact);
	RUN(too_many_of_one_block);
	RUN(same_in_any_number_of_threads);
	RUN(each_piece_once);
	RUN(as_many_as_we_may_have);
	return check_done();
}
