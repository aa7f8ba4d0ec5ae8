/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sizes - leaks that options tell apart: few large, many small ones, then a second batch when
 * $QUIT_FILE is there (started: at once).
 */
#include "target.h"

NOINLINE static void few_large(void)
{
	for (int i = 0; i < 4; i++)
		KEEP(malloc(100000));
}

NOINLINE static void many_small(void)
{
	for (int i = 0; i < 1000; i++)
		KEEP(malloc(10));
}

NOINLINE static void middle(void)
{
	for (int i = 0; i < 20; i++)
		KEEP(malloc(1000));
}

NOINLINE static void freed(void)
{
	for (int i = 0; i < 20; i++) {
		void *p = malloc(50000);

		KEEP(p);
		free(p);
	}
}

int main(void)
{
	target_ready();
	few_large();
	many_small();
	middle();
	freed();
	target_done();
	return 0;
}
