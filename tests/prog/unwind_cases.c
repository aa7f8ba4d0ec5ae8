/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unwind_cases - leaks below what makes stacks hard to walk, without frame pointers: callbacks out
 * of libc, constructors of a library just opened, coroutines, deep recursion, frames of unusual
 * shape, calls that never return. unwind_cases [PLUGIN]: the library to open.
 *
 * Functions lie here as in memory, without gaps (see Makefile): a call may be the last instruction
 * of its function, and its return address the next function's first.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdio.h>
#include <ucontext.h>

#include "target.h"

#define DEEP 200

/* --- a callback of libc's qsort --- */

static int sort_compares;

NOINLINE static int sort_callback(const void *a, const void *b)
{
	if (!sort_compares++)
		LEAK(malloc(1001), 1001, 1);
	return *(const int *)a - *(const int *)b;
}

NOINLINE static void sort_caller(void)
{
	int numbers[] = {5, 3, 9, 1, 7};

	CALL(qsort(numbers, 5, sizeof(*numbers), sort_callback), 1001, 1);
}

/* --- the constructor of a library that has just been mapped --- */

NOINLINE static void plugin_opener(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW);

	expect_line(__func__, __LINE__ - 2);
	if (!lib)
		_exit(98);
	((void (*)(void))dlsym(lib, "unwind_plug_expect"))();
}

/* --- a coroutine, on a stack of its own --- */

static ucontext_t co_main, co_context;
static char co_stack[64 << 10];

NOINLINE static void co_inner(int n)
{
	swapcontext(&co_context, &co_main);
	if (n != 7)
		_exit(97);
	LEAK(malloc(1002), 1002, 1);
}

static void co_function(int n)
{
	CALL(co_inner(n), 1002, 1);
}

NOINLINE static void co_caller(void)
{
	getcontext(&co_context);
	co_context.uc_stack.ss_sp = co_stack;
	co_context.uc_stack.ss_size = sizeof(co_stack);
	co_context.uc_link = &co_main;
	makecontext(&co_context, (void (*)(void))co_function, 1, 7);
	swapcontext(&co_main, &co_context);
	swapcontext(&co_main, &co_context);
	/* the coroutine's stack begins with co_function */
	expect(__func__, 0, 0);
}

/* --- a recursion deeper than a stack that is kept --- */

NOINLINE static int deep_leaf(int n)
{
	LEAK(malloc(1003), 1003, 1);
	return n;
}

NOINLINE static int deep(int n)
{
	volatile int here = n;

	if (!n)
		return deep_leaf(n) + here;
	return deep(n - 1) + here;
}

NOINLINE static void deep_caller(void)
{
	deep(DEEP);
	/* 127 frames are kept: not this one */
	expect(__func__, 0, 0);
}

/* --- frames of unusual shape --- */

struct block {
	char data[96];
} __attribute__((aligned(64)));

/* It has to be where it is. */
#define PINNED(p) __asm__ volatile("" : : "r"(p) : "memory")

/* Its size is known at run time: frame pointer, without -fno-omit-frame-pointer. */
NOINLINE static void shape_alloca(size_t n)
{
	char *room = alloca(n);

	PINNED(room);
	LEAK(malloc(1004), 1004, 1);
}

/* The stack is aligned: the frame's end is known through a saved register only. */
NOINLINE static void shape_aligned(size_t n)
{
	struct block block;

	PINNED(&block);
	CALL(shape_alloca(n), 1004, 1);
	PINNED(&block);
}

NOINLINE static void shape_aligned_alloca(size_t n)
{
	struct block block;
	char *room = alloca(n);

	PINNED(&block);
	PINNED(room);
	CALL(shape_aligned(n), 1004, 1);
	PINNED(&block);
}

/* More than fits 16 bits of words. */
NOINLINE static void shape_large(void)
{
	char room[700000];

	PINNED(room);
	CALL(shape_aligned_alloca(1000), 1004, 1);
	PINNED(room);
}

/* Arguments on the stack: it is not the same size before and after the call. */
NOINLINE static int shape_arguments(int a, int b, int c, int d, int e, int f, int g, int h, int i)
{
	LEAK(malloc((size_t)(a + b + c + d + e + f + g + h + i)), 1035, 1);
	return i;
}

NOINLINE static void shape_pusher(int n)
{
	CALL(KEEP((long)shape_arguments(n, n, n, n, n, 1000, n, n, 0)), 1035, 1);
}

/* --- a call that is the last instruction of its function --- */

static jmp_buf tail_jump;
static void *tail_return;
static int tail_line;

NOINLINE __attribute__((noreturn)) static void tail_callee(int n)
{
	tail_return = __builtin_return_address(0);
	LEAK(malloc(1006), 1006, 1);
	longjmp(tail_jump, n);
}

NOINLINE __attribute__((noreturn)) static void tail_caller(int n)
{
	char room[200];

	PINNED(room);
	tail_line = __LINE__ + 1;
	tail_callee(n);
}

/* Follows in memory; in a frame of another shape. */
NOINLINE static void tail_next(void)
{
	EXPECT_NONE();
}

NOINLINE static void tail_outer(void)
{
	if (setjmp(tail_jump))
		return;
	tail_caller(1);
}

NOINLINE static void tail(void)
{
	tail_outer();
	expect_outer("tail_caller", 1006, 1);
	expect_outer("tail_outer", 1006, 1);
	expect_line("tail_caller", (unsigned long)tail_line);
	tail_next();
	if (tail_return != (void *)tail_next)
		target_say_words("SKIP", "tail: another function follows than in the source", NULL);
}

int main(int argc, char **argv)
{
	target_ready();
	sort_caller();
	if (argc > 1)
		plugin_opener(argv[1]);
	co_caller();
	deep_caller();
	shape_large();
	shape_pusher(5);
	tail();
	target_done();
	return 0;
}
