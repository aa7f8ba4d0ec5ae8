/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach.h - programs that hold or lose pointers, each in a way of its own: a row in a table.
 *
 *	PROGRAM list	a line for each row: its name, and the bytes definitely, indirectly and
 *			possibly lost
 *	PROGRAM NAME	does it and ends; with REACH_STAY set, says so first, and waits for the end
 *			of its input
 *	PROGRAM all	each in a child of its own, one after the other: a line with its name and
 *			process id when it has ended. So valgrind has to be started once only
 *
 * What is still reachable is not stated: the C library keeps blocks of its own.
 */
#ifndef REACH_H
#define REACH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

/* Blocks that are lost on purpose pass through here, which is cleared at last. */
static void *volatile sink;
/* What a case keeps, one way or another. */
static void *volatile keep[8];

#define ANY (~0UL) /* the C library has some of that kind, too */

struct reach_case {
	const char *name;
	void (*run)(void);
	unsigned long definite, indirect, possible; /* bytes */
};

/* Blocks come empty, so that what was in their memory before holds nothing. */
static NOINLINE void *block(size_t size)
{
	void *p = malloc(size);

	if (!p)
		abort();
	memset(p, 0, size);
	return p;
}

/* A word, kept away from the compiler. */
static inline void put(void *at, const void *value)
{
	*(const void *volatile *)at = value;
}

/* Pointers that calls have left on the stack, and in registers, are none that the program has. */
static NOINLINE void scrub(void)
{
	volatile char waste[32768];

	memset((void *)waste, 0, sizeof(waste));
	__asm__ volatile("" ::: "rbx", "r12", "r13", "r14", "r15");
}

/*
 * What moved pointers last has left some of them in vector registers, which are roots unless a
 * program ends. XRSTOR of a header without any component sets all of them to zero (Intel SDM 1,
 * 13.8.1); the word at 24 is MXCSR as it always is.
 */
static NOINLINE void scrub_vectors(void)
{
#ifdef __x86_64__
	static struct {
		uint32_t word[1024];
	} __attribute__((aligned(64))) none;

	none.word[6] = 0x1f80;
	if (__builtin_cpu_supports("avx")) /* then there is XRSTOR, too */
		__asm__ volatile("xrstor %0" ::"m"(none), "a"(0xe6), "d"(0) : "memory");
#endif
}

/* To be looked at from outside. */
static NOINLINE void wait_if_told(void)
{
	char c;

	if (!getenv("REACH_STAY"))
		return;
	scrub_vectors();
	if (write(STDOUT_FILENO, "done\n", 5) == 5)
		while (read(STDIN_FILENO, &c, 1) > 0)
			;
}

/* In a child, with nothing on the heap that it had not when started by itself. */
static NOINLINE void run_in_child(const struct reach_case *c)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		c->run();
		sink = NULL;
		scrub();
		exit(0);
	}
	waitpid(pid, &status, 0);
	dprintf(STDOUT_FILENO, "%s %d\n", c->name, (int)pid);
}

static int reach_main(int argc, char **argv, const struct reach_case *cases, size_t n)
{
	size_t i;

	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "list")) {
		for (i = 0; i < n; i++)
			printf("%s %lu %lu %lu\n", cases[i].name, cases[i].definite,
			       cases[i].indirect, cases[i].possible);
		return 0;
	}
	if (!strcmp(argv[1], "all")) {
		for (i = 0; i < n; i++)
			run_in_child(&cases[i]);
		return 0;
	}
	for (i = 0; i < n; i++) {
		if (strcmp(argv[1], cases[i].name) != 0)
			continue;
		cases[i].run();
		sink = NULL;
		scrub();
		wait_if_told();
		return 0;
	}
	return 2;
}

#endif
