/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What glibc's malloc has under it, in a child that knows what it has allocated and freed. */
#include "check.h"

#include <gnu/libc-version.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reach/chunks.h"
#include "reach/heap.h"
#include "reach/memcopy.h"
#include "reach/ranges.h"
#include "reach/roots.h"
#include "reach/stop.h"
#include "target/maps.h"

#define BLOCKS 4000
#define THREADS 3

struct known {
	uint64_t addr, usable;
	bool freed;
};

/* Shared with the child. */
static struct shared {
	struct known block[THREADS][BLOCKS];
	uint64_t on_dead_stack, in_dead_variable, on_live_stack;
	volatile int ready;
} * shared;

static volatile bool corrupt;

static size_t size_of(unsigned short *state, int i)
{
	static const size_t upper[] = {100, 100, 100, 1000, 5000, 40000};

	return nrand48(state) % upper[i % 6];
}

static void fill(int t)
{
	unsigned short state[3] = {9, 8, (unsigned short)t};
	struct known *b = shared->block[t];
	int i;

	for (i = 0; i < BLOCKS; i++) {
		void *p = malloc(size_of(state, i));

		b[i] = (struct known){.addr = (uintptr_t)p, .usable = malloc_usable_size(p)};
	}
	for (i = 0; i < BLOCKS; i++) {
		/* runs of neighbours, so that some are joined */
		b[i].freed = (nrand48(state) >> 5) % 3 == 0 || (i / 16) % 7 == 0;
		if (b[i].freed)
			free((void *)(uintptr_t)b[i].addr);
	}
}

static void *fill_and_stay(void *arg)
{
	volatile uint64_t here = 1;

	fill((int)(uintptr_t)arg);
	shared->on_live_stack = (uintptr_t)&here;
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static __thread volatile uint64_t variable;
static pthread_mutex_t end_now = PTHREAD_MUTEX_INITIALIZER;

static void *end_early(void *arg)
{
	volatile uint64_t here[100];

	pthread_mutex_lock(&end_now);
	pthread_mutex_unlock(&end_now);
	here[50] = variable = 1;
	/* cppcheck-suppress danglingLifetime ; that is what is looked at */
	shared->on_dead_stack = (uintptr_t)&here[50];
	shared->in_dead_variable = (uintptr_t)&variable;
	return arg;
}

static pid_t start(void)
{
	pthread_t t, early;
	uintptr_t i;
	pid_t pid;

	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (pid) {
		while (shared->ready < THREADS)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		return pid;
	}
	alarm(60);
	pthread_mutex_lock(&end_now);
	pthread_create(&early, NULL, end_early, NULL);
	for (i = 1; i < THREADS; i++)
		pthread_create(&t, NULL, fill_and_stay, (void *)i);
	pthread_mutex_unlock(&end_now); /* nobody gets its stack */
	pthread_join(early, NULL);
	fill(0);
	if (corrupt) /* all sizes of the main heap, so to say */
		for (i = 0; i < BLOCKS; i++)
			((uint64_t *)(uintptr_t)shared->block[0][i].addr)[-1] = 0x1234567;
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

struct found {
	struct ranges dead, heaps;
	struct heap_found heap;
};

/* chunks: all of them, instead of what the heap keeps; or NULL. */
static void look(pid_t pid, bool all_known, struct found *f, struct chunks *chunks)
{
	struct heap_opts opts = {.all_known = all_known};
	const struct stop_thread *threads;
	uint64_t tls[16];
	struct memcopy *m;
	struct stop *s;
	struct maps maps;
	size_t i, n;

	memset(f, 0, sizeof(*f));
	CHECK_EQ(memcopy__new(pid, 0, &m), 0);
	CHECK_EQ(stop__all(pid, 0, &s), 0);
	CHECK_EQ(maps__read(pid, &maps), 0);
	for (i = 0; i < maps.n; i++)
		if (roots__is_one(&maps.map[i]))
			CHECK_EQ(memcopy__add(m, maps.map[i].start, maps.map[i].end), 0);
	CHECK_EQ(memcopy__fill(m, 0), 0);
	threads = stop__threads(s, &n);
	CHECK_EQ(n, THREADS);
	for (i = 0; i < n; i++)
		tls[i] = threads[i].tls;
	opts.tls = tls;
	opts.n_tls = n;
	if (chunks)
		CHECK_EQ(chunks__find(m, &maps, &opts, &f->dead, chunks), 0);
	else
		CHECK_EQ(heap__find(m, &maps, &opts, &f->dead, &f->heaps, &f->heap), 0);
	CHECK_EQ(roots__find_dead_stacks(m, &maps, threads, n, false, &f->dead), 0);
	ranges__settle(&f->dead);
	ranges__settle(&f->heaps);
	stop__free(s);
	memcopy__free(m);
	maps__clear(&maps);
}

static void clear(struct found *f)
{
	ranges__clear(&f->dead);
	ranges__clear(&f->heaps);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Of the blocks' bytes, how many are dead: of those in use, and of those freed. */
static void sum_up(const struct found *f, uint64_t used[2], uint64_t freed[2])
{
	int t, i;

	used[0] = used[1] = freed[0] = freed[1] = 0;
	for (t = 0; t < THREADS; t++)
		for (i = 0; i < BLOCKS; i++) {
			const struct known *b = &shared->block[t][i];
			uint64_t *sum = b->freed ? freed : used;

			sum[0] += ranges__covered(&f->dead, b->addr, b->addr + b->usable);
			sum[1] += b->usable;
		}
}

static bool is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

static void free_memory_is_dead(void)
{
	uint64_t used[2], freed[2];
	struct found f;
	pid_t pid;

	if (is_sanitized()) {
		SKIP("the sanitizer has a malloc of its own");
		return;
	}
	pid = start();
	look(pid, false, &f, NULL);
	CHECK(f.heap.known);
	CHECK(f.heap.main_walked);
	CHECK_EQ(f.heap.arenas, THREADS);
	sum_up(&f, used, freed);
	CHECK_EQ(used[0], 0); /* not a byte of what is in use */
	CHECK_EQ(freed[0], freed[1]);
	CHECK(freed[1] > 1000000 && used[1] > 1000000);
	clear(&f);
	end(pid);
}

/* Whoever knows all blocks needs nothing else of the heap. */
static void all_of_the_heap_is_dead(void)
{
	uint64_t used[2], freed[2];
	struct found f;
	pid_t pid;

	if (is_sanitized()) {
		SKIP("the sanitizer has a malloc of its own");
		return;
	}
	pid = start();
	look(pid, true, &f, NULL);
	sum_up(&f, used, freed);
	CHECK_EQ(freed[0], freed[1]);
	CHECK_EQ(used[0], used[1]);
	CHECK(ranges__covered(&f.heaps, 0, UINT64_MAX) > used[1] + freed[1]);
	clear(&f);
	end(pid);
}

static void corrupt_heap_is_not_believed(void)
{
	uint64_t used[2], freed[2];
	struct found f;
	pid_t pid;

	if (is_sanitized()) {
		SKIP("the sanitizer has a malloc of its own");
		return;
	}
	corrupt = true;
	pid = start();
	corrupt = false;
	look(pid, true, &f, NULL);
	CHECK(f.heap.known);
	CHECK(!f.heap.main_walked);
	clear(&f);
	look(pid, false, &f, NULL);
	sum_up(&f, used, freed);
	CHECK_EQ(used[0], 0);
	clear(&f);
	end(pid);
}

static int by_address(const void *key, const void *of)
{
	const struct chunk *c = of;
	uint64_t addr = *(const uint64_t *)key;

	return (addr > c->addr) - (addr < c->addr);
}

/* Of a thread's blocks, how many are told wrongly. in_use: those that are. */
static int told_wrongly(const struct chunks *c, int t, uint64_t *in_use)
{
	int i, wrong = 0;

	for (i = 0; i < BLOCKS; i++) {
		const struct known *b = &shared->block[t][i];
		const struct chunk *at = bsearch(&b->addr, c->chunk, c->n, sizeof(*c->chunk),
						 by_address);

		*in_use += !b->freed;
		if (b->freed)
			/* it may have been joined with others, and used again by nobody */
			wrong += at != NULL;
		else
			wrong += !at || at->size != b->usable;
	}
	return wrong;
}

static void chunks_in_use(void)
{
	uint64_t in_use = 0;
	struct chunks c;
	struct found f;
	pid_t pid;
	int t;

	if (is_sanitized()) {
		SKIP("the sanitizer has a malloc of its own");
		return;
	}
	pid = start();
	look(pid, false, &f, &c);
	for (t = 0; t < THREADS; t++)
		CHECK_EQ(told_wrongly(&c, t, &in_use), 0);
	/* and the C library's own: a thread's table of variables, for example */
	CHECK(c.n >= in_use && c.n < in_use + 50);
	CHECK_EQ(c.heaps_given_up, 0);
	CHECK_EQ(c.odd, 0);
	CHECK_EQ(c.found.broken, 0);
	CHECK_EQ(c.found.tcaches, THREADS);
	CHECK(c.free_bytes > 1000000);
	chunks__clear(&c);
	clear(&f);
	end(pid);
}

/* One heap of three makes no sense: the others are told all the same. */
static void chunks_of_a_corrupt_heap(void)
{
	uint64_t in_use = 0;
	struct chunks c;
	struct found f;
	size_t i;
	pid_t pid;
	int t, from_it = 0;

	if (is_sanitized()) {
		SKIP("the sanitizer has a malloc of its own");
		return;
	}
	corrupt = true;
	pid = start();
	corrupt = false;
	look(pid, false, &f, &c);
	for (t = 1; t < THREADS; t++)
		CHECK_EQ(told_wrongly(&c, t, &in_use), 0);
	CHECK_EQ(c.heaps_given_up, 1);
	CHECK(c.given_up > 1000000);
	for (i = 0; i < BLOCKS; i++)
		from_it += bsearch(&shared->block[0][i].addr, c.chunk, c.n, sizeof(*c.chunk),
				   by_address) != NULL;
	CHECK_EQ(from_it, 0);
	chunks__clear(&c);
	clear(&f);
	end(pid);
}

static void dead_stacks(void)
{
	struct found f;
	pid_t pid = start();
	uint64_t live = shared->on_live_stack;

	look(pid, false, &f, NULL);
	CHECK_EQ(ranges__covered(&f.dead, shared->on_dead_stack, shared->on_dead_stack + 8), 8);
	CHECK_EQ(ranges__covered(&f.dead, shared->in_dead_variable, shared->in_dead_variable + 8),
		 8);
	CHECK_EQ(ranges__covered(&f.dead, live, live + 8), 0);
	CHECK_EQ(ranges__covered(&f.dead, live - 65536, live - 65536 + 8), 8);
	clear(&f);
	end(pid);
}

/* --- sets of ranges --- */

static int note(uint64_t start, uint64_t end, void *arg)
{
	memset((char *)arg + start, 'x', end - start);
	return 0;
}

static void ranges_against_a_picture(void)
{
	unsigned short state[3] = {1, 2, 3};
	char in[200], want[200], got[200];
	int round, i, wrong = 0;

	for (round = 0; round < 2000; round++) {
		struct ranges r = {0};
		uint64_t from = nrand48(state) % 200, to = from + nrand48(state) % (200 - from);
		uint64_t covered = 0;
		int n = nrand48(state) % 12;

		memset(in, 0, sizeof(in));
		memset(got, 0, sizeof(got));
		while (n--) {
			uint64_t start = nrand48(state) % 200,
				 end = start + nrand48(state) % (200 - start) % 30;

			memset(in + start, 1, end - start);
			CHECK_EQ(ranges__add(&r, start, end), 0);
		}
		ranges__settle(&r);
		memset(want, 0, sizeof(want));
		for (i = (int)from; i < (int)to; i++) {
			want[i] = in[i] ? 0 : 'x';
			covered += in[i];
		}
		CHECK_EQ(ranges__outside(&r, from, to, note, got), 0);
		wrong += memcmp(got, want, sizeof(got)) != 0;
		wrong += ranges__covered(&r, from, to) != covered;
		ranges__clear(&r);
	}
	CHECK_EQ(wrong, 0);
}

int main(void)
{
	RUN(ranges_against_a_picture);
	RUN(free_memory_is_dead);
	RUN(all_of_the_heap_is_dead);
	RUN(corrupt_heap_is_not_believed);
	RUN(chunks_in_use);
	RUN(chunks_of_a_corrupt_heap);
	RUN(dead_stacks);
	return check_done();
}
