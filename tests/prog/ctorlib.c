/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctorlib - a library whose constructor leaks, and a function that does. */
#include "target.h"

NOINLINE static void library_constructor_leaks(void)
{
	for (int i = 0; i < 3; i++)
		KEEP(malloc(70));
	expect(__func__, 210, 3);
	expect_line(__func__, 8);
}

__attribute__((constructor)) static void library_constructor(void)
{
	library_constructor_leaks();
}

void library_function_leaks(void)
{
	LEAK(malloc(71), 71, 1);
}
