/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge is glibc's backtrace(): the same stack, walked by libgcc. */
#include "unwind/finish.h"

#include <execinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"
#include "target/addrspace.h"
#include "unwind/tables.h"

#define MAX_ROWS (2u << 20)

static struct addrspace *as;
static struct tables *tables;
static struct unwind_row *rows;
static struct unwind_seg *segs;
static struct memleak_state state;

static struct stack_trace ours;
/* Frames of the sanitizer's own backtrace() around glibc's. */
#ifdef __SANITIZE_ADDRESS__
static const int extra = 1;
#else
static const int extra = 0;
#endif

static void *theirs[200];
static int n_theirs;

static void open_tables(void)
{
	as = addrspace__new(getpid());
	tables = tables__new();
	rows = calloc(MAX_ROWS, sizeof(*rows));
	segs = calloc(2 * UNWIND_MAX_SEGS, sizeof(*segs));
	if (!as || !tables || !rows || !segs)
		abort();
	addrspace__refresh(as);
	tables__learn(tables, as);
	tables__attach(tables, rows, MAX_ROWS, segs, &state);
	tables__publish(tables, as);
}

static void close_tables(void)
{
	tables__free(tables);
	addrspace__free(as);
	free(rows);
	free(segs);
}

/* Walk our own stack from here, both ways. size: bytes of it to hand over. */
__attribute__((noinline)) static void walk_here(size_t size, uint32_t max_depth)
{
	static struct stack_rest rest;
	ucontext_t here;
	ssize_t got;

	n_theirs = backtrace(theirs, 200);
	getcontext(&here);
	memset(&rest, 0, sizeof(rest));
	rest.pc = (uint64_t)here.uc_mcontext.gregs[REG_RIP];
	rest.sp = (uint64_t)here.uc_mcontext.gregs[REG_RSP];
	rest.fp = (uint64_t)here.uc_mcontext.gregs[REG_RBP];
	/* as another process reads it: the stack may end before, and the sanitizer guards its parts
	 */
	got = process_vm_readv(getpid(), &(struct iovec){rest.copy, size}, 1,
			       &(struct iovec){(void *)rest.sp, size}, 1, 0);
	CHECK(got > 0);
	rest.size = got > 0 ? (uint32_t)got : 0;
	memset(&ours, 0, sizeof(ours));
	ours.pc[0] = rest.pc;
	ours.head.depth = 1;
	finish__walk(tables, &rest, max_depth, &ours);
}

__attribute__((noinline, no_sanitize("address", "undefined"))) static void
at_depth(int depth, size_t size, uint32_t max_depth)
{
	volatile char keep = 0;

	if (depth)
		at_depth(depth - 1, size, max_depth);
	else
		walk_here(size, max_depth);
	(void)keep;
}

static void same_frames_as_backtrace(void)
{
	for (int depth = 0; depth < 20; depth += 3) {
		at_depth(depth, 4096, MEMLEAK_MAX_DEPTH);
		CHECK_EQ(ours.head.depth, n_theirs - extra);
		CHECK_EQ(ours.head.end, WALK_BOTTOM);
		/* the innermost: two calls in the same function */
		for (int i = 1; i < (int)ours.head.depth && i + extra < n_theirs; i++)
			CHECK_EQ(ours.pc[i], (uint64_t)theirs[i + extra]);
	}
}

static void stops_at_max_depth(void)
{
	at_depth(10, 4096, 5);
	CHECK_EQ(ours.head.depth, 5);
	CHECK_EQ(ours.head.end, WALK_DEPTH);
}

static void stops_where_the_copy_ends(void)
{
	at_depth(15, 256, MEMLEAK_MAX_DEPTH);
	CHECK_EQ(ours.head.end, WALK_FAULT);
	CHECK((int)ours.head.depth < n_theirs);
	for (uint32_t i = 1; i < ours.head.depth; i++)
		CHECK_EQ(ours.pc[i], (uint64_t)theirs[i + (uint32_t)extra]);
}

static void unknown_code_ends_it(void)
{
	struct stack_rest rest = {.pc = 0x1000, .sp = 0x7000, .size = 64};

	memset(&ours, 0, sizeof(ours));
	ours.head.depth = 1;
	finish__walk(tables, &rest, MEMLEAK_MAX_DEPTH, &ours);
	CHECK_EQ(ours.head.depth, 1);
	CHECK_EQ(ours.head.end, WALK_NO_MAPPING);
}

/* Words that lead nowhere, as a hostile target may leave them: each walk ends, within its bounds.
 */
static void any_words_end(void)
{
	struct unwind_row row;

	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct stack_rest rest = {.sp = 0x7000, .size = 4096};

		rest.pc = (uint64_t)(uintptr_t)theirs[rand() % n_theirs];
		rest.fp = 0x7000 + (uint64_t)(rand() % 600) * 8;
		for (size_t i = 0; i < 512; i++)
			rest.copy[i] = rand() % 2 ? (uint64_t)(uintptr_t)theirs[rand() % n_theirs]
						  : 0x7000 + (uint64_t)(rand() % 5000);
		memset(&ours, 0, sizeof(ours));
		ours.head.depth = 1;
		finish__walk(tables, &rest, MEMLEAK_MAX_DEPTH, &ours);
		CHECK(ours.head.depth >= 1 && ours.head.depth <= MEMLEAK_MAX_DEPTH);
		CHECK(ours.head.end < WALK_ENDS);
	}
	CHECK(!tables__find(tables, 0, &row));
}

int main(void)
{
	open_tables();
	RUN(same_frames_as_backtrace);
	RUN(stops_at_max_depth);
	RUN(stops_where_the_copy_ends);
	RUN(unknown_code_ends_it);
	RUN(any_words_end);
	close_tables();
	return check_done();
}
