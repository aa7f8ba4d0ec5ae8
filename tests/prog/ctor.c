/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ctor - leaks before main: in its own constructor and in that of the library it is linked with. */
#include "target.h"

void library_function_leaks(void);

NOINLINE static void program_constructor_leaks(void)
{
	for (int i = 0; i < 2; i++)
		KEEP(malloc(80));
	expect(__func__, 160, 2);
}

__attribute__((constructor)) static void program_constructor(void)
{
	program_constructor_leaks();
}

NOINLINE static void destructor_leaks(void)
{
	LEAK(malloc(90), 90, 1);
}

__attribute__((destructor)) static void program_destructor(void)
{
	destructor_leaks();
}

int main(void)
{
	library_function_leaks();
	return 0;
}
