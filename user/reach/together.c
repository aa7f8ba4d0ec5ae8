/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/together.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

struct work {
	atomic_size_t next; /* the first piece that nobody has begun */
	size_t n;
	void (*fn)(size_t piece, void *arg);
	void *arg;
};

unsigned int together__threads(void)
{
	cpu_set_t set;
	int n;

	/* it fails on machines of more than 1,024 CPUs: they have enough */
	if (sched_getaffinity(0, sizeof(set), &set))
		return TOGETHER_MAX;
	n = CPU_COUNT(&set);
	return n < 1 ? 1 : n < TOGETHER_MAX ? (unsigned int)n : TOGETHER_MAX;
}

static void *take_part(void *arg)
{
	struct work *w = arg;
	size_t piece;

	while ((piece = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed)) < w->n)
		w->fn(piece, w->arg);
	return NULL;
}

void together__do(unsigned int threads, size_t n, void (*fn)(size_t piece, void *arg), void *arg)
{
	struct work w = {.n = n, .fn = fn, .arg = arg};
	pthread_t others[TOGETHER_MAX - 1];
	unsigned int i, begun = 0;

	if (!threads)
		threads = together__threads();
	for (i = 1; i < threads && i < TOGETHER_MAX && i < n; i++)
		if (!pthread_create(&others[begun], NULL, take_part, &w))
			begun++;
	take_part(&w);
	for (i = 0; i < begun; i++)
		pthread_join(others[i], NULL);
}
