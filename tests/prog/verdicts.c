/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdicts - four ways to have memory outstanding, at once: a table made first of all, a queue that
 * breathes, a list that grows for ever, and a cache that begins to fill when $GO_FILE is there, and
 * soon is full. How long each is follows from the time that has passed, so that a busy machine
 * makes steps larger, and nothing else. Ends when $QUIT_FILE is there.
 */
#include "target.h"

#define CACHE 400
#define CACHE_SECONDS 1.5
#define QUEUE 300	 /* at most */
#define QUEUE_PERIOD 4.7 /* seconds */
#define SERVED 120	 /* a second: what is in it lives for longer than the tool leaves out */
#define GROWTH 40	 /* a second */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

NOINLINE static void load_table(void)
{
	KEEP(malloc(200000));
}

NOINLINE static void fill_cache(double t)
{
	static int n;
	double want = t < CACHE_SECONDS ? CACHE * t / CACHE_SECONDS : CACHE;

	for (; n < want; n++)
		KEEP(malloc(500));
}

NOINLINE static void *enqueue(void)
{
	return malloc(300);
}

/* First in, first out. */
static void run_queue(double t)
{
	static void *queue[2 * QUEUE];
	static unsigned long in, out;
	double served = SERVED * t, wave = t / QUEUE_PERIOD;

	wave -= (double)(long)wave;
	wave = wave < 0.5 ? 2 * wave : 2 - 2 * wave; /* up and down between 0 and 1 */
	for (; (double)out < served; out++) {
		if (out == in)
			queue[in++ % (2 * QUEUE)] = enqueue();
		free(queue[out % (2 * QUEUE)]);
	}
	for (; (double)in < served + QUEUE * (0.3 + 0.7 * wave); in++)
		queue[in % (2 * QUEUE)] = enqueue();
}

NOINLINE static void grow_list(double t)
{
	static int n;

	for (; n < GROWTH * t; n++)
		KEEP(malloc(100));
}

int main(void)
{
	const char *quit = getenv("QUIT_FILE");
	const char *go = getenv("GO_FILE");
	double start = seconds(), full = 0, t;

	load_table();
	for (t = 0; t < 120 && (!quit || access(quit, F_OK)); t = seconds() - start) {
		if (!full && (!go || !access(go, F_OK)))
			full = t + CACHE_SECONDS;
		if (full)
			fill_cache(t - full + CACHE_SECONDS);
		run_queue(t);
		grow_list(t);
		target_sleep_ms(20);
	}
	return 0;
}
