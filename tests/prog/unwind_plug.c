/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unwind_plug - a library whose constructor leaks, as soon as it is mapped. */
#include "target.h"

static unsigned long plug_line;

NOINLINE static void plug_leaks(void)
{
	plug_line = __LINE__ + 1;
	KEEP(malloc(1007));
}

__attribute__((constructor)) static void plug_constructor(void)
{
	plug_leaks();
	KEEP(NULL); /* not a tail call */
}

/* Called later: to state it in the constructor takes time, in which the library becomes known. */
void unwind_plug_expect(void)
{
	expect("plug_leaks", 1007, 1);
	expect_line("plug_leaks", plug_line);
	expect_outer("plug_constructor", 1007, 1);
}
