/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk_target - calls functions that walk (walk.c) has probed, with a given number of frames above
 * them, and tells the CPU time that took.
 *
 * Built with frame pointers, and without the C library's start-up code, which has none: so both
 * ways to walk see the same frames up to _start. What makes it alike to real programs:
 * - Frames of CHAIN_COMMON have 112 bytes on average. On the way to malloc gdb finds 85 in cc1, 108
 *   in redis-server, 141 in python3, 159 in git, 388 in sqlite3 (Debian 12).
 * - Each frame belongs to another function. Between them are 15,750 more, which make a table of
 *   63,000 rows, like those of git and python3.
 * - 29 executable mappings, as many as python3 has with ssl and sqlite3.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "memleak.h"
#include "walk.h"

#define NOINLINE __attribute__((noinline, noclone))
#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

/* Functions that are never called. */
#define FILLER                                                                                     \
	__asm__(".rept 375\n"                                                                      \
		".cfi_startproc\n"                                                                 \
		"push %rbp\n"                                                                      \
		".cfi_def_cfa_offset 16\n"                                                         \
		".cfi_offset 6, -16\n"                                                             \
		"mov %rsp, %rbp\n"                                                                 \
		".cfi_def_cfa_register 6\n"                                                        \
		"pop %rbp\n"                                                                       \
		".cfi_def_cfa 7, 8\n"                                                              \
		"ret\n"                                                                            \
		".cfi_endproc\n"                                                                   \
		".endr\n");

/* The probed functions: alike, and beginning with an instruction that the kernel emulates. */
#define PROBE(name)                                                                                \
	__attribute__((naked, noinline, noclone, aligned(64))) void probe_##name(void)             \
	{                                                                                          \
		__asm__("push %rbp\n"                                                              \
			"mov %rsp, %rbp\n"                                                         \
			"pop %rbp\n"                                                               \
			"ret\n");                                                                  \
	}
PROBE(nothing)
PROBE(again)
PROBE(warm)
PROBE(cold)
PROBE(stored)
PROBE(stackid)

static void (*const probes[WALK_HOWS])(void) = {
	[WALK_NOTHING] = probe_nothing, [WALK_AGAIN] = probe_again,
	[WALK_WARM] = probe_warm,	[WALK_COLD] = probe_cold,
	[WALK_STORED] = probe_stored,	[WALK_STACKID] = probe_stackid,
};

struct work {
	struct walk_request request;
	struct walk_answer answer;
	uintptr_t top;
};

/* CPU time, not time: others may use this CPU as well. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

NOINLINE static void measure(struct work *w)
{
	void (*const probe)(void) = probes[w->request.how];
	const uint32_t calls[] = {w->request.warmup, w->request.calls};
	uint64_t began = 0;
	int parts = 2;

	/* one place that calls, so that the warm-up is for the same stack: no unrolling */
	__asm__("" : "+r"(parts));
	for (int part = 0; part < parts; part++) {
		began = cpu_ns();
		for (uint32_t i = 0; i < calls[part]; i++)
			probe();
	}
	w->answer.cpu_ns = cpu_ns() - began;
	w->answer.stack_bytes = w->top - (uintptr_t)__builtin_frame_address(0);
}

/* A frame is a return address, the frame pointer, and room. */
#define LINK(name, next, bytes)                                                                    \
	FILLER                                                                                     \
	NOINLINE static void name(struct work *w, uint32_t more)                                   \
	{                                                                                          \
		char room[(bytes)-16];                                                             \
		KEEP(room);                                                                        \
		if (more)                                                                          \
			next(w, more - 1);                                                         \
		else                                                                               \
			measure(w);                                                                \
	}

static void last(struct work *w, uint32_t more)
{
	(void)w;
	(void)more;
	_exit(97);
}

/* 784 bytes in seven frames: the innermost comes first, as the chain is entered at its end */
#define SEVEN(c, n0, n1, n2, n3, n4, n5, n6, next)                                                 \
	LINK(c##n0, next, 48)                                                                      \
	LINK(c##n1, c##n0, 208)                                                                    \
	LINK(c##n2, c##n1, 64)                                                                     \
	LINK(c##n3, c##n2, 96)                                                                     \
	LINK(c##n4, c##n3, 176)                                                                    \
	LINK(c##n5, c##n4, 80)                                                                     \
	LINK(c##n6, c##n5, 112)
SEVEN(common_, 0, 1, 2, 3, 4, 5, 6, last)
SEVEN(common_, 7, 8, 9, 10, 11, 12, 13, common_6)
SEVEN(common_, 14, 15, 16, 17, 18, 19, 20, common_13)

#define SEVEN_SMALL(c, n0, n1, n2, n3, n4, n5, n6, next)                                           \
	LINK(c##n0, next, 32)                                                                      \
	LINK(c##n1, c##n0, 32)                                                                     \
	LINK(c##n2, c##n1, 32)                                                                     \
	LINK(c##n3, c##n2, 32)                                                                     \
	LINK(c##n4, c##n3, 32)                                                                     \
	LINK(c##n5, c##n4, 32)                                                                     \
	LINK(c##n6, c##n5, 32)
SEVEN_SMALL(small_, 0, 1, 2, 3, 4, 5, 6, last)
SEVEN_SMALL(small_, 7, 8, 9, 10, 11, 12, 13, small_6)
SEVEN_SMALL(small_, 14, 15, 16, 17, 18, 19, 20, small_13)

/*
 * Call fn(w, more) on another stack, which ends at top. An outermost frame, marked for both ways to
 * walk: undefined return address, frame pointer 0 (System V ABI for x86-64, 3.4.1).
 */
void call_at_end(struct work *w, uint32_t more, void (*fn)(struct work *, uint32_t), char *top);
__asm__(".type call_at_end, @function\n"
	"call_at_end:\n"
	".cfi_startproc\n"
	".cfi_undefined rip\n"
	"push %rbp\n"
	"push %rbx\n"
	"mov %rsp, %rbx\n"
	"mov %rcx, %rsp\n"
	"xor %ebp, %ebp\n"
	"call *%rdx\n"
	"mov %rbx, %rsp\n"
	"pop %rbx\n"
	"pop %rbp\n"
	"ret\n"
	".cfi_endproc\n"
	".size call_at_end, . - call_at_end\n");

/* In the place of start. */
NOINLINE static void start_at_end(struct work *w, uint32_t more)
{
	w->top = (uintptr_t)__builtin_frame_address(0);
	small_20(w, more);
}

static inline __attribute__((always_inline)) void run(struct work *w, char *other_stack)
{
	uint32_t more = w->request.frames - 4; /* measure, first of the chain, start, _start */

	w->top = (uintptr_t)__builtin_frame_address(0);
	switch (w->request.chain) {
	case CHAIN_COMMON:
		common_20(w, more);
		break;
	case CHAIN_SMALL:
		small_20(w, more);
		break;
	case CHAIN_END:
		call_at_end(w, more, start_at_end, other_stack);
	}
}

/* The end of a new stack; what follows it in memory cannot be read. */
static char *map_stack(void)
{
	const size_t size = 64 << 10, page = 4096;
	char *stack;

	stack = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED || mprotect(stack + size, page, PROT_NONE))
		_exit(98);
	return stack + size;
}

/* Mappings between which the walker has to find the right one. */
static void map_more(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), i;

	/* of the same page, as neighbours that continue each other would become one */
	for (i = 0; i < 25; i++)
		if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
			_exit(98);
	close(fd);
}

__attribute__((used, noreturn)) static void start(void)
{
	char *other_stack = map_stack();
	struct work w = {0};

	map_more();
	if (write(1, &w.answer, sizeof(w.answer)) != sizeof(w.answer))
		_exit(99);
	while (read(0, &w.request, sizeof(w.request)) == sizeof(w.request)) {
		if (w.request.how >= WALK_HOWS || w.request.chain >= CHAINS ||
		    w.request.frames < WALK_MIN_FRAMES || w.request.frames > WALK_MAX_FRAMES)
			break;
		run(&w, other_stack);
		if (write(1, &w.answer, sizeof(w.answer)) != sizeof(w.answer))
			break;
	}
	_exit(0);
}

/* The outermost frame as the System V ABI (x86-64, 3.4.1) wants it marked, for both. */
__asm__(".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	".cfi_startproc\n"
	".cfi_undefined rip\n"
	"xor %ebp, %ebp\n"
	"call start\n"
	"hlt\n"
	".cfi_endproc\n"
	".size _start, . - _start\n");
