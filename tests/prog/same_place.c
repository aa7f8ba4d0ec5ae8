/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * same_place - stacks that begin with the same frames at the same addresses, and differ further up:
 * in who called, or in where a frame is whose size depends on its argument.
 */
#include <alloca.h>

#include "target.h"

#define TIMES 500

static const volatile void *lowest; /* of the stack, where it is allocated */
static unsigned int elsewhere;

static void here(const volatile void *p)
{
	elsewhere += lowest && lowest != p;
	lowest = p;
}

NOINLINE static void leaf(size_t n)
{
	here(__builtin_frame_address(0));
	KEEP(malloc(n));
}

NOINLINE static void middle(size_t n)
{
	leaf(n);
	KEEP(n);
}

#define CALLER(name)                                                                               \
	NOINLINE static void name(void)                                                            \
	{                                                                                          \
		middle(24);                                                                        \
		KEEP(name);                                                                        \
	}
CALLER(caller_a)
CALLER(caller_b)
CALLER(caller_c)

/*
 * What it leaves on the stack is there when the next caller's frames come to lie otherwise; all of
 * them are called from one place.
 */
NOINLINE static void sized(size_t room)
{
	volatile char *p = alloca(room);

	p[0] = 0;
	here(p);
	KEEP(malloc(40));
}

#define SIZED_CALLER(name, mine, its)                                                              \
	NOINLINE static void name(size_t room)                                                     \
	{                                                                                          \
		volatile char *p = alloca(room * (mine));                                          \
                                                                                                   \
		p[0] = 0;                                                                          \
		sized(room *(its));                                                                \
		KEEP(p);                                                                           \
	}
SIZED_CALLER(sized_1_4, 1, 4)
SIZED_CALLER(sized_4_1, 4, 1)
SIZED_CALLER(sized_2_3, 2, 3)

static void (*const sized_callers[])(size_t) = {sized_1_4, sized_4_1, sized_2_3};

int main(void)
{
	target_ready();
	for (int i = 0; i < TIMES; i++) {
		caller_a();
		if (i % 2)
			caller_b();
		if (i % 5)
			caller_c();
	}
	if (elsewhere)
		return 97;
	lowest = NULL;
	for (int i = 0; i < 3 * TIMES; i++)
		if (i % 3 == 0 || i / 3 % (i % 3 == 1 ? 2 : 5))
			sized_callers[i % 3](64);
	if (elsewhere)
		return 98;
	expect_outer("caller_a", TIMES * 24, TIMES);
	expect_outer("caller_b", TIMES / 2 * 24, TIMES / 2);
	expect_outer("caller_c", TIMES * 4 / 5 * 24, TIMES * 4 / 5);
	expect_outer("sized_1_4", TIMES * 40, TIMES);
	expect_outer("sized_4_1", TIMES / 2 * 40, TIMES / 2);
	expect_outer("sized_2_3", TIMES * 4 / 5 * 40, TIMES * 4 / 5);
	target_done();
	return 0;
}
