/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach_live - loses and keeps blocks while it runs, and knows how many: what it has from before it
 * was attached to is in use, and so is what only that points to. Its threads go on all the time;
 * the longest gap goes to standard output, in microseconds.
 */
#include "target.h"

#include <pthread.h>
#include <stdio.h>

#define OLD 1000
#define NEW 2000

static void *volatile before[OLD], *volatile after[NEW];
static volatile int end;
static double longest;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void *run(void *arg)
{
	double last = now(), t;

	while (!end) {
		target_sleep_ms(1);
		t = now();
		if (t - last > longest)
			longest = t - last;
		last = t;
	}
	return arg;
}

static NOINLINE void work(void)
{
	int i;

	for (i = 0; i < NEW; i++)
		after[i] = calloc(1, 200);
	for (i = 0; i < NEW; i += 2)
		after[i] = NULL; /* 1,000 lost */
	for (i = 1; i < NEW; i += 20)
		after[i] = (char *)after[i] + 96; /* 100 of which there is the middle only */
	for (i = 0; i < 100; i++) {
		void **old = before[i * 10 + 1], **lost = calloc(1, 64);

		*old = calloc(1, 48);  /* 100 that only old blocks point to */
		*lost = calloc(1, 32); /* 100 under 100 lost ones */
	}
}

static NOINLINE void scrub(void)
{
	volatile char waste[16384];

	memset((void *)waste, 0, sizeof(waste));
}

int main(void)
{
	pthread_t thread;
	int i;

	for (i = 0; i < OLD; i++) {
		before[i] = malloc(100 + i % 1000);
		memset(before[i], 0, 100);
	}
	for (i = 0; i < OLD; i += 5) {
		free(before[i]); /* what is free keeps nothing */
		before[i] = NULL;
	}
	pthread_create(&thread, NULL, run, NULL);
	target_ready();
	longest = 0;
	work();
	scrub();
	target_done();
	end = 1;
	pthread_join(thread, NULL);
	printf("%.0f\n", longest);
	return 0;
}
