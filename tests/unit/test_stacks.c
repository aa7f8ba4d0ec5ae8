/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a stack: as the BPF side recorded it, and after its walk has been finished. The
 * list of stacks and the account give the same reason for what is cut.
 */
#include "check.h"

#include <linux/types.h>
#include <unistd.h>

#include "../bpf/memleak.h"
#include "report/model.h"
#include "report/report.h"
#include "stacks.h"
#include "sym/symbolizer.h"
#include "target/addrspace.h"

#define HITS 7
#define KEY 1 /* of the first slot */

/* Code that no walk ends in for good. */
__attribute__((noinline)) static int caller(int n)
{
	return n * 3 + 1;
}

#define HERE ((uint64_t)(uintptr_t)caller + 1)
#define NOWHERE 0x10

struct fixture {
	struct addrspace *as;
	struct symbolizer *sym;
	struct stacks *stacks;
	struct stack_slot slot;
	struct stack_trace recorded;
};

static void set_up(struct fixture *f, const struct stack_trace *recorded)
{
	const struct symbolizer_opts opts = {0};
	const struct stack_table table = {
		.slots = &f->slot,
		.n_slots = 1,
		.frames = (const uint8_t *)&f->recorded,
		.frames_size = sizeof(f->recorded),
		.n_frames = 1,
	};

	f->slot = (struct stack_slot){.hash = 1, .hits = HITS, .frames = 1};
	f->recorded = *recorded;
	f->as = addrspace__new(getpid());
	CHECK(addrspace__refresh(f->as) > 0);
	f->sym = symbolizer__new(&opts);
	f->stacks = stacks__new(&table, MEMLEAK_MAX_DEPTH, f->as, f->sym, NULL);
	CHECK(f->stacks != NULL);
}

static void tear_down(struct fixture *f)
{
	stacks__free(f->stacks);
	symbolizer__free(f->sym);
	addrspace__free(f->as);
}

/* It is cut for this reason, and so are all its allocations; WALK_BOTTOM: it is not. */
static void check_cut(struct fixture *f, enum walk_end end, size_t n_frames)
{
	uint64_t cut[WALK_ENDS];
	struct model_stack stack;
	int i;

	CHECK_EQ(stacks__resolve(KEY, &stack, f->stacks), 0);
	CHECK_EQ(stack.n_frames, n_frames);
	if (end == WALK_BOTTOM)
		CHECK(stack.cut == NULL);
	else
		CHECK_STR(stack.cut, stacks__cut_reason(end));
	CHECK_EQ(stacks__count_cut(f->stacks, cut), 0);
	for (i = 0; i < WALK_ENDS; i++)
		CHECK_EQ(cut[i], i == (int)end && end != WALK_BOTTOM ? HITS : 0);
	report_frames__free(stack.frames, stack.n_frames);
}

static void cut_as_recorded(void)
{
	const struct stack_trace t = {.head = {1, WALK_NO_MAPPING}, .pc = {HERE}};
	struct fixture f;

	set_up(&f, &t);
	check_cut(&f, WALK_NO_MAPPING, 1);
	tear_down(&f);
}

static void finished_and_cut_later(void)
{
	const struct stack_trace t = {.head = {1, WALK_NO_MAPPING}, .pc = {HERE}};
	const struct stack_trace more = {.head = {2, WALK_CHAIN}, .pc = {HERE, HERE}};
	struct fixture f;

	set_up(&f, &t);
	CHECK_EQ(stacks__learn(f.stacks, KEY, &t), 0);
	CHECK_EQ(stacks__replace(f.stacks, KEY, &more), 0);
	check_cut(&f, WALK_CHAIN, 2);
	tear_down(&f);
}

static void finished_to_the_end(void)
{
	const struct stack_trace t = {.head = {1, WALK_NO_MAPPING}, .pc = {HERE}};
	const struct stack_trace more = {.head = {2, WALK_BOTTOM}, .pc = {HERE, HERE}};
	struct fixture f;

	set_up(&f, &t);
	CHECK_EQ(stacks__replace(f.stacks, KEY, &more), 0);
	check_cut(&f, WALK_BOTTOM, 2);
	tear_down(&f);
}

/* A frame pointer that was used for something else: the next frame is no code. */
static void strayed(void)
{
	const struct stack_trace t = {.head = {2, WALK_BOTTOM}, .pc = {HERE, NOWHERE}};
	struct fixture f;

	set_up(&f, &t);
	check_cut(&f, WALK_CHAIN, 1);
	tear_down(&f);
}

int main(void)
{
	CHECK_EQ(caller(1), 4);
	RUN(cut_as_recorded);
	RUN(finished_and_cut_later);
	RUN(finished_to_the_end);
	RUN(strayed);
	return check_done();
}
