/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unwind_signal - leaks in signal handlers, on a stack of their own: the code that was interrupted
 * is told, too, wherever that was. Compiled without frame pointers.
 *
 * Some signals come at random (a timer), some at each instruction: the trap flag makes the
 * processor raise SIGTRAP after each, so that every row of what is executed is used, of function
 * entries, ends, PLT stubs and hand-written assembly as well. "repeatable": without those.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <ucontext.h>

#include "target.h"

#define ASYNC 300
#define SIZE 24UL

static char alternate[64 << 10];

static void on_signal(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = {0};

	action.sa_sigaction = handler;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(signal, &action, NULL);
}

/* --- raised by the program itself, and another one in its handler --- */

static void inner_handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
	LEAK(malloc(2001), 2001, 1);
}

static void raise_handler(int signal, siginfo_t *info, void *context)
{
	char here;

	(void)signal, (void)info, (void)context;
	if (&here < alternate || &here >= alternate + sizeof(alternate))
		_exit(97);
	raise(SIGUSR2);
	KEEP(malloc(2002));
	expect_outer(__func__, 4003, 2);
	expect_line(__func__, __LINE__ - 2);
	expect_line(__func__, __LINE__ - 4);
	target_totals.bytes += 2002;
	target_totals.count++;
}

NOINLINE static void raise_caller(void)
{
	raise(SIGUSR1);
	expect_outer(__func__, 4003, 2);
	expect_line(__func__, __LINE__ - 2);
}

/* --- a fault: the instruction itself is what was interrupted --- */

static sigjmp_buf fault_jump;

static void fault_handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
	KEEP(malloc(2003));
	siglongjmp(fault_jump, 1);
}

NOINLINE static void fault(volatile int *nowhere)
{
	expect_line(__func__, __LINE__ + 1);
	*nowhere = 1;
}

/* Its first instruction faults: there is nothing of it before. */
NOINLINE static int fault_first(volatile int *nowhere)
{
	return *nowhere;
}

NOINLINE static void fault_caller(void)
{
	if (!sigsetjmp(fault_jump, 1))
		fault(NULL);
	if (!sigsetjmp(fault_jump, 1))
		KEEP((long)fault_first(NULL));
	expect("fault_handler", 4006, 2);
	expect_outer("fault", 2003, 1);
	expect_outer("fault_first", 2003, 1);
	expect_outer(__func__, 4006, 2);
}

/* --- at random --- */

/* On one line. */
#define SPIN_WHILE(condition)                                                                      \
	do {                                                                                       \
	} while (condition)

static volatile unsigned int async_count;

static void async_handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
	if (async_count < ASYNC) {
		KEEP(malloc(SIZE));
		async_count++;
	}
}

NOINLINE static void async_busy(void)
{
	expect_line(__func__, __LINE__ + 1);
	SPIN_WHILE(async_count < ASYNC / 2);
}

/* Saves registers, has a frame, calls through the PLT. */
NOINLINE static long async_leaf(long a, long b, long c, long d)
{
	volatile char room[100];

	room[a & 63] = (char)b;
	return labs(a) + atoi("12") * c + labs(b * d) + room[0];
}

NOINLINE static void async_various(void)
{
	long sum = 0;

	for (long i = 0; async_count < ASYNC; i++)
		sum += async_leaf(i, sum, -i, 3);
	KEEP(sum);
}

NOINLINE static void async_caller(void)
{
	struct itimerval timer = {{0, 300}, {0, 300}};

	setitimer(ITIMER_REAL, &timer, NULL);
	async_busy();
	async_various();
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	expect("async_handler", SIZE * ASYNC, ASYNC);
	expect_outer(__func__, SIZE * ASYNC, ASYNC);
}

/* --- after each instruction --- */

static volatile int step_end;
static unsigned long step_count, step_in_leaf;

static long step_leaf(long a, long b);
static void step_behind_leaf(void);

static void step_handler(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	greg_t pc = u->uc_mcontext.gregs[REG_RIP];

	(void)signal, (void)info;
	if (step_end) {
		u->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
		return;
	}
	KEEP(malloc(SIZE));
	step_count++;
	if (pc >= (greg_t)step_leaf && pc < (greg_t)step_behind_leaf)
		step_in_leaf++;
}

/* Nothing between it and the next function: see Makefile. */
NOINLINE static long step_leaf(long a, long b)
{
	volatile char room[100];

	for (long i = 0; i < b; i++)
		room[i] = (char)(a + i);
	return room[0];
}

NOINLINE static void step_behind_leaf(void)
{
	EXPECT_NONE();
}

/* libc, and the vdso */
NOINLINE static void step_bound(void)
{
	struct timespec now;
	char text[64];
	long sum;

	sum = step_leaf(3, 4) + strtol("12", NULL, 10);
	snprintf(text, sizeof(text), "%s %d %.3f", "text", 12, 1.5);
	clock_gettime(CLOCK_MONOTONIC, &now);
	KEEP(sum + text[0]);
}

/* Not called before: ld.so looks it up. */
NOINLINE static void step_lazy(void)
{
	KEEP(atoll("12"));
}

/* With the trap flag set. Returns the number of steps. */
NOINLINE static unsigned long step_through(void (*function)(void))
{
	unsigned long before = step_count;

	step_end = 0;
	__asm__ volatile("pushfq\n\t"
			 ".cfi_adjust_cfa_offset 8\n\t"
			 "orq $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 ".cfi_adjust_cfa_offset -8" ::
				 : "memory", "cc");
	function();
	step_end = 1;
	return step_count - before;
}

NOINLINE static void step_caller(void)
{
	unsigned long bound, lazy;

	step_bound();
	bound = step_through(step_bound);
	lazy = step_through(step_lazy);
	step_behind_leaf();
	if (step_in_leaf < 10 || bound < 1000 || lazy < 10)
		_exit(96);
	expect("step_handler", SIZE * step_count, step_count);
	expect_outer("step_leaf", SIZE * step_in_leaf, step_in_leaf);
}

int main(int argc, char **argv)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	target_ready();
	sigaltstack(&stack, NULL);
	on_signal(SIGUSR1, raise_handler);
	on_signal(SIGUSR2, inner_handler);
	on_signal(SIGSEGV, fault_handler);
	on_signal(SIGALRM, async_handler);
	on_signal(SIGTRAP, step_handler);
	raise_caller();
	fault_caller();
	if (argc < 2 || strcmp(argv[1], "repeatable")) {
		async_caller();
		step_caller();
	}
	target_done();
	return 0;
}
