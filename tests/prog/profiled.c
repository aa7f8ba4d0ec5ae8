/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profiled [threads] - allocates and frees in ways whose totals are known, and states them:
 *   PROFILE function count bytes freed freed_bytes temporary temporary_bytes peak_count peak_bytes
 *	of all stacks that hold function
 *   ENTRY function entry count		the same split by entry point
 *   PEAK bytes				of the process; threads: not stated, as libc allocates, too
 *   LIFE function least most		its one freed block lived so many ns, to two ticks
 *
 * Times are of CLOCK_MONOTONIC_COARSE, which goes on with the kernel's jiffies: however late their
 * tick comes, both are late.
 */
#include <malloc.h>
#include <pthread.h>

#include "target.h"

static void state(const char *function, const unsigned long v[8])
{
	struct target_text t = {.n = 0};

	target_text__str(&t, "PROFILE ");
	target_text__str(&t, function);
	for (int i = 0; i < 8; i++) {
		target_text__str(&t, " ");
		target_text__num(&t, v[i]);
	}
	target_text__str(&t, "\n");
	target_text__say(&t);
}
#define STATE(function, ...) state(function, (const unsigned long[8]){__VA_ARGS__})

/* --- one thread --- */

/* Ten blocks that stay. */
NOINLINE static void keep(void)
{
	for (int i = 0; i < 10; i++)
		KEEP(malloc(100));
}

/* A cache that is filled, and emptied again. */
static void *cache[1000];

NOINLINE static void fill(int n, size_t size)
{
	for (int i = 0; i < n; i++)
		cache[i] = calloc(1, size);
}

static void empty(int n)
{
	for (int i = 0; i < n; i++)
		free(cache[i]);
}

NOINLINE static void first_fill(void)
{
	fill(1000, 64);
}

/* Less than the first, when that is gone: no peak. */
NOINLINE static void second_fill(void)
{
	fill(500, 64);
}

/* More blocks than at the peak, but fewer bytes. */
NOINLINE static void third_fill(void)
{
	fill(1000, 1);
}

NOINLINE static void temporary(void)
{
	for (int i = 0; i < 5000; i++) {
		void *p = malloc(24);

		KEEP(p);
		free(p);
	}
}

/* Freed soon, but with an allocation or a free in between. */
NOINLINE static void not_temporary(void)
{
	for (int i = 0; i < 300; i++) {
		void *a = malloc(11), *b = malloc(13);

		KEEP(a);
		free(a);
		free(b);
	}
}

/* A realloc is the next call: what it replaces was temporary. The last one stays. */
NOINLINE static void grow(void)
{
	void *p = NULL;

	for (size_t i = 1; i <= 50; i++)
		p = realloc(p, 16 * i);
	KEEP(p);
}

/* A realloc that fails leaves its block, and the next free finds it made last. */
NOINLINE static void refused(void)
{
	void *p = malloc(40), *q = realloc(p, target_huge);

	KEEP(q);
	free(p);
}

/* realloc(p, 0) frees; so does free(malloc(0)), of a block that has no bytes. */
NOINLINE static void nothing(void)
{
	KEEP(realloc(malloc(48), 0));
	free(malloc(0));
	free(NULL);
}

/* One call instruction, two entry points. */
NOINLINE static void *through(void *(*function)(size_t), size_t size)
{
	void *p = function(size);

	KEEP(p);
	return p;
}

NOINLINE static void two_entries(void)
{
	static void *(*const volatile functions[])(size_t) = {malloc, valloc};

	for (int i = 0; i < 30; i++)
		free(through(functions[i % 3 == 2], 32));
}

static unsigned long coarse(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

static void live_for(void *(*make)(void), const char *name, long ms)
{
	const struct timespec nap = {.tv_nsec = ms * 1000000};
	unsigned long before = coarse(), after, least;
	void *p = make();

	after = coarse();
	nanosleep(&nap, NULL);
	least = coarse() - after;
	free(p);
	before = coarse() - before;
	target_say("LIFE", name, least, &before);
}

#define LIFE(ms)                                                                                   \
	NOINLINE static void *life_##ms(void)                                                      \
	{                                                                                          \
		void *p = malloc(77);                                                              \
		KEEP(p);                                                                           \
		return p;                                                                          \
	}
LIFE(0)
LIFE(30)
LIFE(250)

static void one_thread(void)
{
	unsigned long malloced = 20, valloced = 10, peak = 1000 + 64000;

	keep();
	STATE("keep", 10, 1000, 0, 0, 0, 0, 10, 1000);
	first_fill(); /* the peak */
	empty(1000);
	STATE("first_fill", 1000, 64000, 1000, 64000, 0, 0, 1000, 64000);
	temporary();
	STATE("temporary", 5000, 120000, 5000, 120000, 5000, 120000, 0, 0);
	second_fill();
	empty(500);
	STATE("second_fill", 500, 32000, 500, 32000, 0, 0, 0, 0);
	third_fill();
	empty(1000);
	STATE("third_fill", 1000, 1000, 1000, 1000, 0, 0, 0, 0);
	not_temporary();
	STATE("not_temporary", 600, 7200, 600, 7200, 0, 0, 0, 0);
	grow();
	STATE("grow", 50, 16 * 1275, 49, 16 * 1225, 49, 16 * 1225, 0, 0);
	refused();
	STATE("refused", 1, 40, 1, 40, 1, 40, 0, 0);
	nothing();
	STATE("nothing", 2, 48, 2, 48, 2, 48, 0, 0);
	two_entries();
	STATE("two_entries", 30, 960, 30, 960, 30, 960, 0, 0);
	target_say("ENTRY", "two_entries malloc", malloced, NULL);
	target_say("ENTRY", "two_entries valloc", valloced, NULL);
	live_for(life_0, "life_0", 0);
	live_for(life_30, "life_30", 30);
	live_for(life_250, "life_250", 250);
	target_say("PEAK", NULL, peak, NULL);
}

/* --- two threads --- */

#define ROUNDS 20000
#define HELD 200

static pthread_barrier_t all_hold, seen;

/* Each with a function of its own to hold by, and one stack for both. */
NOINLINE static void *shared_site(size_t size)
{
	void *p = malloc(size);

	KEEP(p);
	return p;
}

static void work(void *(*hold)(size_t), size_t size)
{
	void *held[HELD];

	for (int i = 0; i < ROUNDS; i++)
		free(shared_site(size));
	for (int i = 0; i < HELD; i++)
		held[i] = hold(100 * size);
	pthread_barrier_wait(&all_hold); /* main makes the peak while nobody is in a call */
	pthread_barrier_wait(&seen);
	for (int i = 0; i < HELD; i++)
		free(held[i]);
	for (int i = 0; i < ROUNDS; i++)
		free(shared_site(size));
}

NOINLINE static void *hold_a(size_t size)
{
	void *p = malloc(size);

	KEEP(p);
	return p;
}

NOINLINE static void *hold_b(size_t size)
{
	void *p = malloc(size);

	KEEP(p);
	return p;
}

static void *thread_a(void *arg)
{
	work(hold_a, 24);
	return arg;
}

static void *thread_b(void *arg)
{
	work(hold_b, 40);
	return arg;
}

NOINLINE static void *peak(void)
{
	return malloc(1000000);
}

static void two_threads(void)
{
	pthread_t a, b;
	void *top;

	pthread_barrier_init(&all_hold, NULL, 3);
	pthread_barrier_init(&seen, NULL, 3);
	if (pthread_create(&a, NULL, thread_a, NULL) || pthread_create(&b, NULL, thread_b, NULL))
		_exit(98);
	pthread_barrier_wait(&all_hold);
	top = peak();
	free(top);
	pthread_barrier_wait(&seen);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	STATE("shared_site", 4 * ROUNDS, 2 * ROUNDS * 64, 4 * ROUNDS, 2 * ROUNDS * 64, 4 * ROUNDS,
	      2 * ROUNDS * 64, 0, 0);
	STATE("hold_a", HELD, HELD * 2400, HELD, HELD * 2400, 0, 0, HELD, HELD * 2400);
	STATE("hold_b", HELD, HELD * 4000, HELD, HELD * 4000, 0, 0, HELD, HELD * 4000);
	STATE("peak", 1, 1000000, 1, 1000000, 1, 1000000, 1, 1000000);
}

int main(int argc, char **argv)
{
	target_ready();
	if (argc > 1 && !strcmp(argv[1], "threads"))
		two_threads();
	else if (argc > 1 && !strcmp(argv[1], "again")) /* another program at the same addresses */
		one_thread();
	else if (argc > 1 && !strcmp(argv[1], "exec")) {
		cache[0] = calloc(1, 50000000); /* not this program's peak is to be shown */
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		_exit(97);
	} else {
		one_thread();
	}
	target_done();
	return 0;
}
