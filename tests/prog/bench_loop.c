/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_loop VARIANT [PAIRS] - malloc and free in a loop; prints nanoseconds per pair.
 *   shallow   malloc(64), free
 *   deep      the same, 20 frames further down
 *   live      among 100,000 live blocks of 16 sizes; a pair replaces one of them, picked at random
 *   deep_live live, 20 frames further down
 *   threads   shallow, in two threads at once; their mean
 *   getppid   no allocation: a system call
 * Without PAIRS it reads lines from stdin and answers each with one: PAIRS runs the loop, "new"
 * frees and allocates the blocks of "live" again, so that a tracer that has come since then knows
 * them.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "target.h"

#define N_FRAMES 20
#define N_LIVE 100000
#define N_THREADS 2

static void *live_block[N_LIVE];
static uint32_t random_state = 2463534242;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

NOINLINE static double loop_shallow(unsigned long pairs)
{
	uint64_t began = now_ns();

	for (unsigned long i = 0; i < pairs; i++) {
		void *p = malloc(64);

		KEEP(p);
		free(p);
	}
	return (double)(now_ns() - began) / (double)pairs;
}

typedef double (*loop_fn)(unsigned long pairs);

NOINLINE static double descend(int frames, loop_fn loop, unsigned long pairs)
{
	return frames ? descend(frames - 1, loop, pairs) : loop(pairs);
}

static double loop_deep(unsigned long pairs)
{
	return descend(N_FRAMES - 1, loop_shallow, pairs);
}

/* Marsaglia's xorshift: 32 bits in about a nanosecond. */
static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static size_t one_of_16_sizes(uint32_t i)
{
	return 24 + 40 * (i % 16);
}

static void renew_live(void)
{
	for (uint32_t i = 0; i < N_LIVE; i++)
		free(live_block[i]);
	for (uint32_t i = 0; i < N_LIVE; i++)
		live_block[i] = malloc(one_of_16_sizes(i));
}

NOINLINE static double loop_live(unsigned long pairs)
{
	uint64_t began = now_ns();

	for (unsigned long i = 0; i < pairs; i++) {
		uint32_t n = next_random();
		void **block = &live_block[n % N_LIVE];

		free(*block);
		*block = malloc(one_of_16_sizes(n >> 28));
	}
	return (double)(now_ns() - began) / (double)pairs;
}

static double loop_deep_live(unsigned long pairs)
{
	return descend(N_FRAMES - 1, loop_live, pairs);
}

static double loop_getppid(unsigned long calls)
{
	uint64_t began = now_ns();

	for (unsigned long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	return (double)(now_ns() - began) / (double)calls;
}

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	unsigned long pairs;
	double ns;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(w->start);
	w->ns = loop_shallow(w->pairs);
	return NULL;
}

static double loop_threads(unsigned long pairs)
{
	struct worker worker[N_THREADS];
	pthread_barrier_t start;
	double sum = 0;

	pthread_barrier_init(&start, NULL, N_THREADS);
	for (int i = 0; i < N_THREADS; i++) {
		worker[i].start = &start;
		worker[i].pairs = pairs;
		if (pthread_create(&worker[i].thread, NULL, work, &worker[i]))
			_exit(96);
	}
	for (int i = 0; i < N_THREADS; i++) {
		pthread_join(worker[i].thread, NULL);
		sum += worker[i].ns;
	}
	pthread_barrier_destroy(&start);
	return sum / N_THREADS;
}

static const struct {
	const char *name;
	loop_fn run;
	bool live;
} variants[] = {
	{"shallow", loop_shallow, false}, {"deep", loop_deep, false},
	{"live", loop_live, true},	  {"deep_live", loop_deep_live, true},
	{"threads", loop_threads, false}, {"getppid", loop_getppid, false},
};

/* One line of stdin without its end; not through stdio, which allocates. */
static int read_line(char *line, size_t size)
{
	size_t n = 0;

	while (n < size && read(0, line + n, 1) == 1) {
		if (line[n] == '\n') {
			line[n] = 0;
			return 1;
		}
		n++;
	}
	return 0;
}

static int answer(loop_fn run, const char *request)
{
	unsigned long pairs = strtoul(request, NULL, 10);

	if (pairs) {
		dprintf(1, "%.2f\n", run(pairs));
	} else if (!strcmp(request, "new")) {
		renew_live();
		dprintf(1, "ok\n");
	} else {
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	char line[32];
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(variants) / sizeof(*variants); i++)
		if (!strcmp(argv[1], variants[i].name))
			break;
	if (argc < 2 || i == sizeof(variants) / sizeof(*variants)) {
		dprintf(2,
			"usage: bench_loop shallow|deep|live|deep_live|threads|getppid [PAIRS]\n");
		return 2;
	}
	if (variants[i].live)
		renew_live();
	if (argc > 2)
		return answer(variants[i].run, argv[2]);
	while (read_line(line, sizeof(line)))
		if (answer(variants[i].run, line))
			return 2;
	return 0;
}
