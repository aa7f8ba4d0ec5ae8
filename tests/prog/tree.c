/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree [BITS [ROUNDS [THREADS]]]: a leak at each leaf of a binary tree of calls, 13 levels high:
 * 8,192 stacks. ROUNDS times over, and in THREADS threads at once, whose stacks are the same.
 */
#include <pthread.h>

#include "target.h"

#define MAX_THREADS 16

static int levels = 13;
static unsigned long rounds = 1;

NOINLINE static void branch_1(int level, unsigned bits);

NOINLINE static void tree_leaf(void)
{
	KEEP(malloc(24));
}

NOINLINE static void branch_0(int level, unsigned bits)
{
	if (level == 0)
		tree_leaf();
	else if (bits >> (level - 1) & 1)
		branch_1(level - 1, bits);
	else
		branch_0(level - 1, bits);
}

/* Not the same as branch_0 for the compiler, which would merge them. */
NOINLINE static void branch_1(int level, unsigned bits)
{
	KEEP(&level);
	if (level == 0)
		tree_leaf();
	else if (bits >> (level - 1) & 1)
		branch_1(level - 1, bits);
	else
		branch_0(level - 1, bits);
}

NOINLINE static void *visit_leaves(void *arg)
{
	for (unsigned long round = 0; round < rounds; round++)
		for (unsigned bits = 0; bits < 1U << levels; bits++)
			branch_0(levels, bits);
	return arg;
}

int main(int argc, char **argv)
{
	unsigned long threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 0, blocks;
	pthread_t thread[MAX_THREADS];

	if (argc > 1)
		levels = atoi(argv[1]);
	if (argc > 2)
		rounds = strtoul(argv[2], NULL, 10);
	if (levels < 0 || levels > 24 || threads > MAX_THREADS)
		return 2;
	target_ready();
	for (unsigned long i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, visit_leaves, NULL))
			return 96;
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	if (!threads)
		visit_leaves(NULL);
	blocks = (rounds << levels) * (threads ? threads : 1);
	expect("tree_leaf", blocks * 24, blocks);
	target_say("EXPECT_SITES", "tree_leaf", 1UL << levels, NULL);
	target_done();
	return 0;
}
