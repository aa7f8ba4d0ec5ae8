/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pairs [N [BLOCKS]]: two threads, N (500,000) malloc/free pairs each, and among them 1,000 leaks
 * on 50 stacks. Before, as many BLOCKS are allocated, which stay, of a size that no allocator has
 * at hand.
 */
#include <pthread.h>

#include "target.h"

#define N_LEAKS 50    /* functions */
#define PER_THREAD 10 /* leaks of each function in each thread */
#define FILLING 3000  /* bytes */

#define LEAKER(n)                                                                                  \
	NOINLINE static void leaker_##n(void)                                                      \
	{                                                                                          \
		KEEP(malloc(64 + 1##n));                                                           \
	}
#define TEN(m, t) m(t##0) m(t##1) m(t##2) m(t##3) m(t##4) m(t##5) m(t##6) m(t##7) m(t##8) m(t##9)
#define FIFTY(m) TEN(m, 0) TEN(m, 1) TEN(m, 2) TEN(m, 3) TEN(m, 4)

FIFTY(LEAKER)

#define ENTRY(n) {leaker_##n, "leaker_" #n, 64 + 1##n},
static const struct {
	void (*leak)(void);
	const char *name;
	unsigned long size;
} leakers[N_LEAKS] = {FIFTY(ENTRY)};

static unsigned long n_pairs = 500000;

NOINLINE static void pair(size_t size)
{
	void *p = malloc(size);

	KEEP(p);
	free(p);
}

NOINLINE static void fill(unsigned long blocks)
{
	for (unsigned long i = 0; i < blocks; i++)
		KEEP(malloc(FILLING));
}

static void *work(void *arg)
{
	unsigned long every = n_pairs / (N_LEAKS * PER_THREAD);

	for (unsigned long i = 0; i < n_pairs; i++) {
		pair(16 + i % 1000);
		if (i % every == 0 && i / every < N_LEAKS * PER_THREAD)
			leakers[i / every % N_LEAKS].leak();
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread[2];
	unsigned long blocks = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc > 1)
		n_pairs = strtoul(argv[1], NULL, 10);
	target_ready();
	fill(blocks);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, work, NULL))
			return 96;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < N_LEAKS; i++)
		expect(leakers[i].name, leakers[i].size * 2 * PER_THREAD, 2 * PER_THREAD);
	expect_outer("work", target_totals.bytes, target_totals.count);
	expect("pair", 0, 0);
	expect("fill", FILLING * blocks, blocks);
	target_done();
	return 0;
}
