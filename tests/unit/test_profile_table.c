/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --profile counts: bpf/profile.h against copies of all stacks made at each new peak, by one
 * thread in ten thousand ways, and by two in all orders of their steps.
 */
#include "check.h"
#include "interleave.h"

#include <stdlib.h>

#include "../bpf/memleak.h"

#define N_STACKS 3

static struct {
	struct profile_total total;
	struct profile_stack stack[N_STACKS];
} shared;
/* wrong on purpose */
static enum {
	RIGHT,
	NEVER_PUT_ASIDE,
	PUT_ASIDE_LATE
} how;

static __u64 exchange(__u64 *p, __u64 old, __u64 new)
{
	/* as if the copies were stored by whoever comes, and not by whoever comes first */
	if (how == PUT_ASIDE_LATE && p != &shared.total.peak) {
		interleave__op(STEP_STORE, p, new, 0);
		return old;
	}
	return interleave__op(STEP_CAS, p, old, new);
}

static __u64 load(__u64 *p)
{
	return how == NEVER_PUT_ASIDE && p == &shared.total.moment
		       ? 0
		       : interleave__op(STEP_LOAD, p, 0, 0);
}

#define PROFILE_TOTAL (&shared.total)
#define PROFILE_STACK(i) ((i) < N_STACKS ? &shared.stack[i] : NULL)
#define PROFILE_CAS(p, old, new) exchange(p, old, new)
#define PROFILE_ADD(p, v) interleave__op(STEP_ADD, p, v, 0)
#define PROFILE_LOAD(p) load(p)
#define PROFILE_STORE(p, v) interleave__op(STEP_STORE, p, v, 0)
#define PROFILE_FUNC static
#include "../../bpf/profile.h"

/* What user/profile.c makes of a stack. */
static struct profile_sum share(const struct profile_stack *p)
{
	if (p->seen < shared.total.exec_moment)
		return (struct profile_sum){0, 0};
	if (p->seen >= shared.total.moment)
		return (struct profile_sum){PROFILE_ASIDE_VALUE(p->at_peak.count),
					    PROFILE_ASIDE_VALUE(p->at_peak.bytes)};
	return (struct profile_sum){p->made.count - p->freed.count - p->gone.count,
				    p->made.bytes - p->freed.bytes - p->gone.bytes};
}

/* --- one thread --- */

struct truth {
	struct profile_sum made, freed, gone, temporary, held, at_peak;
	__u64 lived[PROFILE_LIVES];
};

struct block {
	__u64 size;
	int stack;
};

#define MAX_LIVE 40

static __u64 seed;

static __u64 draw(__u64 n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

static void sum_up(struct profile_sum *sum, __u64 size, int sign)
{
	sum->count += sign;
	sum->bytes += sign * size;
}

/* By halving, as no shift is used there. */
static int life_of(__u64 ticks)
{
	int i = 0;

	for (; ticks; ticks /= 2)
		i++;
	return i < PROFILE_LIVES ? i : PROFILE_LIVES - 1;
}

static bool same_sum(const struct profile_sum *a, const struct profile_sum *b)
{
	return a->count == b->count && a->bytes == b->bytes;
}

static bool same(const struct profile_stack *p, const struct truth *t)
{
	struct profile_sum at_peak = share(p);

	return same_sum(&p->made, &t->made) && same_sum(&p->freed, &t->freed) &&
	       same_sum(&p->temporary, &t->temporary) && same_sum(&at_peak, &t->at_peak) &&
	       !memcmp(p->lived, t->lived, sizeof(p->lived));
}

/* A random program; returns whether it was counted right after each step. */
static bool one_program(__u64 number)
{
	struct truth truth[N_STACKS] = {0};
	struct block live[MAX_LIVE];
	__u64 held = 0, peak = 0, when = 0, step;
	int n_live = 0, i;

	seed = number;
	memset(&shared, 0, sizeof(shared));
	for (step = 1; step <= 60; step++) {
		bool grows = draw(10) < (step / 20 % 2 ? 3 : 7); /* up, down, up again */

		if (draw(60) == 0) {
			for (i = 0; i < N_STACKS; i++) {
				truth[i].held = truth[i].at_peak = (struct profile_sum){0};
			}
			held = peak = n_live = 0;
			profile_exec();
		} else if (n_live < MAX_LIVE && (grows || !n_live)) {
			struct block b = {.size = draw(5) ? draw(1000) : 0,
					  .stack = draw(N_STACKS)};

			live[n_live++] = b;
			sum_up(&truth[b.stack].made, b.size, 1);
			sum_up(&truth[b.stack].held, b.size, 1);
			held += b.size;
			if (held > peak) {
				peak = held;
				when = step;
				for (i = 0; i < N_STACKS; i++)
					truth[i].at_peak = truth[i].held;
			}
			profile_add(b.stack, b.size, 7, step);
		} else {
			int which = draw(n_live);
			struct block b = live[which];
			__u64 ticks = draw(3) ? draw(1ULL << draw(31)) : draw(3);
			bool temporary = !draw(3), lost = !draw(8);
			struct truth *t = &truth[b.stack];

			live[which] = live[--n_live];
			sum_up(&t->held, b.size, -1);
			held -= b.size;
			if (lost) {
				sum_up(&t->gone, b.size, 1);
				profile_lose(b.stack, b.size);
				continue;
			}
			sum_up(&t->freed, b.size, 1);
			t->lived[life_of(ticks)]++;
			if (temporary)
				sum_up(&t->temporary, b.size, 1);
			profile_remove(b.stack, b.size, ticks, temporary);
		}
		if (shared.total.peak != peak || shared.total.outstanding != held ||
		    (peak && shared.total.peak_time != when))
			return false;
		for (i = 0; i < N_STACKS; i++)
			if (!same(&shared.stack[i], &truth[i]))
				return false;
	}
	return true;
}

static void one_thread_is_exact(void)
{
	__u64 number;

	for (number = 0; number < 10000; number++)
		if (!one_program(number))
			break;
	CHECK_EQ(number, 10000);
}

static void missing_copies_are_noticed(void)
{
	__u64 number;

	how = NEVER_PUT_ASIDE;
	for (number = 0; number < 100 && one_program(number); number++)
		;
	how = RIGHT;
	CHECK(number < 100);
}

/* Each length by its limits: 2^(i - 1) is the first that counts in [i]. */
static void lifetimes(void)
{
	int i;

	CHECK_EQ(profile_lifetime(0), 0);
	for (i = 1; i < PROFILE_LIVES; i++) {
		CHECK_EQ(profile_lifetime(1ULL << (i - 1)), i);
		if (i > 1)
			CHECK_EQ(profile_lifetime((1ULL << (i - 1)) - 1), i - 1);
	}
	CHECK_EQ(profile_lifetime(1ULL << (PROFILE_LIVES - 1)), PROFILE_LIVES - 1);
	CHECK_EQ(profile_lifetime(LIVE_BIRTH_MASK), PROFILE_LIVES - 1);
	CHECK_EQ(profile_lifetime(~0ULL), PROFILE_LIVES - 1);
}

/* --- two threads, in all orders --- */

/* size << 8 | stack; FREE: of a block of the same thread; 0: no more */
#define FREE (1ULL << 63)
#define OP(stack, size) ((__u64)(size) << 8 | (stack))
#define MAX_OPS 4

struct program {
	const char *name;
	__u64 before[MAX_OPS]; /* by nobody else seen */
	__u64 thread[2][MAX_OPS];
	__u64 peaks[2]; /* the least and the most that it can be */
};

static const struct program programs[] = {
	{"both add to one stack", {0}, {{OP(0, 3)}, {OP(0, 5)}}, {8, 8}},
	{"both add, to different ones", {0}, {{OP(0, 3)}, {OP(1, 5)}}, {8, 8}},
	{"one adds, one takes away",
	 {OP(0, 10), OP(1, 20)},
	 {{OP(0, 3)}, {FREE | OP(1, 20)}},
	 {30, 33}},
	{"the same of one stack",
	 {OP(0, 10), OP(0, 20)},
	 {{OP(0, 3)}, {FREE | OP(0, 20)}},
	 {30, 33}},
	{"both put aside the same",
	 {OP(0, 10), OP(1, 9)},
	 {{FREE | OP(0, 4)}, {FREE | OP(0, 6)}},
	 {19, 19}},
	{"up and down",
	 {OP(0, 10)},
	 {{OP(0, 3), FREE | OP(0, 3)}, {FREE | OP(0, 10), OP(1, 11)}},
	 {11, 14}},
	{"peaks go on meanwhile",
	 {OP(0, 10)},
	 {{FREE | OP(0, 10)}, {OP(0, 100), FREE | OP(0, 100)}},
	 {100, 110}},
};
static const struct program *program;

/* time: 1 or 2 by thread, so that the peak tells whose it is */
static void perform(__u64 op, __u64 time)
{
	__u64 size = (op & ~FREE) >> 8;

	if (op & FREE)
		profile_remove(op & 255, size, 0, false);
	else
		profile_add(op & 255, size, 7, time);
}

static void run(size_t thread)
{
	for (size_t i = 0; i < MAX_OPS && program->thread[thread][i]; i++) {
		perform(program->thread[thread][i], thread + 1);
		interleave__forget(i + 1);
	}
}

/* The largest block that a thread has in hand at any time. */
static __u64 in_hand(size_t thread)
{
	__u64 largest = 0;

	for (size_t i = 0; i < MAX_OPS; i++)
		if ((program->thread[thread][i] & ~FREE) >> 8 > largest)
			largest = (program->thread[thread][i] & ~FREE) >> 8;
	return largest;
}

static const char *check_end(void)
{
	__u64 bound = in_hand(shared.total.peak_time == 1), shares = 0, held = 0;
	size_t i;

	for (i = 0; i < N_STACKS; i++) {
		shares += share(&shared.stack[i]).bytes;
		held += shared.stack[i].made.bytes - shared.stack[i].freed.bytes;
		if (shared.stack[i].lived[0] != shared.stack[i].freed.count)
			return "a lifetime was lost";
	}
	if (held != shared.total.outstanding)
		return "the sums are wrong";
	if (shared.total.peak < program->peaks[0] || shared.total.peak > program->peaks[1])
		return "it has never held so much";
	if (llabs((long long)(shares - shared.total.peak)) > (long long)bound)
		return "the shares are off by more than the block that the other thread had";
	return NULL;
}

static bool explore(const struct program *p, struct interleave *il)
{
	*il = (struct interleave){
		.n_threads = 2,
		.run = run,
		.shared = (__u64 *)&shared,
		.n_shared = sizeof(shared) / sizeof(__u64),
		.check_end = check_end,
	};
	program = p;
	memset(&shared, 0, sizeof(shared));
	for (size_t i = 0; i < MAX_OPS && p->before[i]; i++)
		perform(p->before[i], 1);
	interleave__explore(il);
	return !il->wrong;
}

static void late_copies_are_noticed(void)
{
	static struct interleave il;
	size_t i;

	how = PUT_ASIDE_LATE;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!explore(&programs[i], &il))
			break;
	how = RIGHT;
	CHECK(i < sizeof(programs) / sizeof(programs[0]));
}

static void two_threads_in_all_orders(void)
{
	static struct interleave il;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!explore(&programs[i], &il))
			printf("  %s: %s, after\n%s", programs[i].name, il.wrong, il.trace);
		CHECK(!il.wrong);
		CHECK(il.n_ends > 0);
	}
}

int main(void)
{
	RUN(one_thread_is_exact);
	RUN(missing_copies_are_noticed);
	RUN(lifetimes);
	RUN(two_threads_in_all_orders);
	RUN(late_copies_are_noticed);
	return check_done();
}
