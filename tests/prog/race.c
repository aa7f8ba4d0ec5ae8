/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * race - four threads that allocate, grow, shrink and free each other's blocks at random: an
 * address that one thread frees is another's an instant later. What is left in the slots is the
 * truth.
 */
#include <pthread.h>

#include "target.h"

#define N_THREADS 4
#define N_SLOTS 64
#define N_STEPS 20000

struct block {
	size_t size;
	char data[];
};

static struct block *slots[N_SLOTS];

NOINLINE static struct block *race_malloc(size_t size)
{
	struct block *b = malloc(size);

	b->size = size;
	return b;
}

NOINLINE static struct block *race_realloc(struct block *b, size_t size)
{
	b = realloc(b, size);
	b->size = size;
	return b;
}

NOINLINE static void *race(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;

	for (int i = 0; i < N_STEPS; i++) {
		struct block *b;
		size_t size;

		random = random * 1664525 + 1013904223;
		size = sizeof(*b) + (random >> 8) % ((random >> 4) % 16 ? 200 : 20000);
		b = __atomic_exchange_n(&slots[(random >> 24) % N_SLOTS], NULL, __ATOMIC_ACQ_REL);
		if (!b)
			b = race_malloc(size);
		else if (random >> 16 & 1)
			b = race_realloc(b, size);
		random = random * 1664525 + 1013904223;
		b = __atomic_exchange_n(&slots[(random >> 24) % N_SLOTS], b, __ATOMIC_ACQ_REL);
		free(b);
	}
	return NULL;
}

int main(void)
{
	unsigned long bytes = 0, count = 0;
	pthread_t thread[N_THREADS];

	target_ready();
	for (uintptr_t i = 0; i < N_THREADS; i++)
		if (pthread_create(&thread[i], NULL, race, (void *)(i * 7919 + 1)))
			return 96;
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < N_SLOTS; i++) {
		if (!slots[i])
			continue;
		bytes += slots[i]->size;
		count++;
	}
	expect("race", bytes, count);
	target_done();
	return 0;
}
