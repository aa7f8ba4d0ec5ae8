/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live N: two threads that keep N blocks of 24 bytes each. */
#include <pthread.h>

#include "target.h"

static unsigned long n_blocks;

NOINLINE static void *keep_blocks(void *arg)
{
	for (unsigned long i = 0; i < n_blocks; i++)
		KEEP(malloc(24));
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread[2];

	n_blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	target_ready();
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, keep_blocks, NULL))
			return 96;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	expect("keep_blocks", 2 * n_blocks * 24, 2 * n_blocks);
	target_done();
	return 0;
}
