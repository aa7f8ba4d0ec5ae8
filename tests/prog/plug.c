/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plug - built twice, with two names for NAME: libraries of the same shape, for the same addresses.
 */
#include <stdlib.h>

void *volatile plug_sink;

__attribute__((noinline)) void NAME(void)
{
	plug_sink = malloc(700);
}

void plug(void)
{
	NAME();
}
