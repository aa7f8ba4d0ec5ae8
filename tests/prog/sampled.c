/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sampled RATE - leaks made for sampling by bytes with that rate: 130 functions called in two
 * threads that run in step, 260 groups of blocks that the report has to estimate.
 *
 * One function for each of 16 sizes, from 1 byte to four times the rate, and each of 8 ways to get
 * a block; and one that mixes sizes. Says besides target.h's lines: GROUP thread function size
 * count	so many blocks of that size are left
 *   SEEN count				calls that allocate, of all groups
 */
#include <malloc.h>
#include <math.h>
#include <pthread.h>

#include "target.h"

#define N_SIZES 16
#define N_WAYS 8
#define MIXED 2000 /* blocks */

static size_t rate;

/* In 4,096ths of the rate; 0: a byte. */
static size_t size_of(unsigned i)
{
	static const unsigned sizes[N_SIZES] = {0,   3,	  8,	24,   64,   100,  200,	 256,
						512, 768, 1024, 2048, 4096, 6000, 10000, 16384};

	return sizes[i] ? sizes[i] * rate / 4096 : 1;
}

/* As many that 10 to 34 of them should be sampled. */
static unsigned count_of(unsigned group)
{
	double chance = -expm1(-(double)size_of(group % N_SIZES) / (double)rate);

	return (unsigned)((10 + group % 5 * 6) / chance);
}

/* Calls that it takes to get a block that way. */
static unsigned calls_of(unsigned way)
{
	return way < 5 ? 1 : 2;
}

static inline __attribute__((always_inline)) void *get(unsigned way, size_t size)
{
	void *p = NULL;

	switch (way) {
	case 0:
		return malloc(size);
	case 1:
		return calloc(size, 1);
	case 2:
		return realloc(NULL, size);
	case 3:
		return posix_memalign(&p, 16, size) ? NULL : p;
	case 4:
		return memalign(64, size);
	case 5:
		p = malloc(24);
		return realloc(p, size);
	case 6:
		p = calloc(1, size + 8);
		return realloc(p, size);
	default:
		free(malloc(size));
		return malloc(size);
	}
}

/* clang-format off: a row each */
#define GROUP(g)                                                                                   \
	NOINLINE static void group_##g(void)                                                       \
	{                                                                                          \
		for (unsigned i = 0; i < count_of(g); i++)                                         \
			KEEP(get(g / N_SIZES, size_of(g % N_SIZES)));                              \
	}
#define TEN(m, t) m(t##0) m(t##1) m(t##2) m(t##3) m(t##4) m(t##5) m(t##6) m(t##7) m(t##8) m(t##9)
#define ALL(m)                                                                                     \
	m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) TEN(m, 1) TEN(m, 2) TEN(m, 3) TEN(m, 4)  \
		TEN(m, 5) TEN(m, 6) TEN(m, 7) TEN(m, 8) TEN(m, 9) TEN(m, 10) TEN(m, 11) m(120)     \
			m(121) m(122) m(123) m(124) m(125) m(126) m(127)
ALL(GROUP)
/* clang-format on */

#define ENTRY(g) {group_##g, "group_" #g},
static const struct {
	void (*run)(void);
	const char *name;
} groups[] = {ALL(ENTRY)};
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))
_Static_assert(N_GROUPS == N_SIZES * N_WAYS, "a size and a way each");

/* Large blocks next to tiny ones. */
NOINLINE static void group_mixed(void)
{
	for (unsigned i = 0; i < MIXED; i++)
		KEEP(malloc(size_of(i % N_SIZES)));
}

static pthread_barrier_t begin, end;

static void work(void)
{
	pthread_barrier_wait(&begin);
	for (size_t i = 0; i < N_GROUPS; i++)
		groups[i].run();
	group_mixed();
	pthread_barrier_wait(&end);
}

NOINLINE static void *first_thread(void *arg)
{
	work();
	return arg;
}

NOINLINE static void *second_thread(void *arg)
{
	work();
	return arg;
}

static void say_group(const char *thread, const char *function, unsigned long size,
		      unsigned long count)
{
	struct target_text name;

	name.n = 0;
	target_text__str(&name, thread);
	target_text__str(&name, " ");
	target_text__str(&name, function);
	name.text[name.n] = 0;
	target_say("GROUP", name.text, size, &count);
}

static void say_all(const char *thread)
{
	unsigned size;

	for (unsigned i = 0; i < N_GROUPS; i++)
		say_group(thread, groups[i].name, size_of(i % N_SIZES), count_of(i));
	for (size = 0; size < N_SIZES; size++)
		say_group(thread, "group_mixed", size_of(size), MIXED / N_SIZES);
}

int main(int argc, char **argv)
{
	pthread_t thread[2];
	unsigned long seen = 2 * MIXED;

	rate = argc > 1 ? strtoul(argv[1], NULL, 10) : 4096;
	for (unsigned i = 0; i < N_GROUPS; i++)
		seen += 2UL * count_of(i) * calls_of(i / N_SIZES);
	pthread_barrier_init(&begin, NULL, 3);
	pthread_barrier_init(&end, NULL, 3);
	/* before the trace: a thread's start allocates, too */
	if (pthread_create(&thread[0], NULL, first_thread, NULL) ||
	    pthread_create(&thread[1], NULL, second_thread, NULL))
		return 96;
	target_ready();
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&end);
	say_all("first_thread");
	say_all("second_thread");
	target_say("SEEN", NULL, seen, NULL);
	target_done();
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	return 0;
}
