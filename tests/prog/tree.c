/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree [BITS]: a leak at each leaf of a binary tree of calls, 13 levels high: 8,192 stacks. */
#include "target.h"

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

int main(int argc, char **argv)
{
	int levels = argc > 1 ? atoi(argv[1]) : 13;
	unsigned leaves = 1U << levels;

	target_ready();
	for (unsigned bits = 0; bits < leaves; bits++)
		branch_0(levels, bits);
	expect("tree_leaf", leaves * 24UL, leaves);
	target_say("EXPECT_SITES", "tree_leaf", leaves, NULL);
	target_done();
	return 0;
}
