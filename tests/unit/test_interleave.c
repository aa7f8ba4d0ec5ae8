/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does interleave.h go through all orders? On algorithms whose results are known. */
#include "check.h"
#include "interleave.h"

static __u64 word[4];
static unsigned int ends; /* bit N: the sum was N */
static bool atomic;

/* Two increments by each thread. */
static void increment(size_t thread)
{
	(void)thread;
	for (int i = 0; i < 2; i++) {
		if (atomic)
			interleave__op(STEP_ADD, &word[0], 1, 0);
		else
			interleave__op(STEP_STORE, &word[0],
				       interleave__op(STEP_LOAD, &word[0], 0, 0) + 1, 0);
		interleave__forget(i + 1);
	}
}

static const char *note_sum(void)
{
	ends |= 1U << word[0];
	return NULL;
}

static void explore(struct interleave *il, size_t n_threads, void (*run)(size_t thread))
{
	*il = (struct interleave){
		.n_threads = n_threads,
		.run = run,
		.shared = word,
		.n_shared = 4,
		.check_end = note_sum,
	};
	memset(word, 0, sizeof(word));
	ends = 0;
	interleave__explore(il);
}

/* Two lost of four, of three threads four of six: each sum that can be, and no other. */
static void updates_are_lost(void)
{
	static struct interleave il;

	atomic = false;
	explore(&il, 2, increment);
	CHECK_EQ(ends, 1 << 2 | 1 << 3 | 1 << 4);
	explore(&il, 3, increment);
	CHECK_EQ(ends, 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6);
	atomic = true;
	explore(&il, 3, increment);
	CHECK_EQ(ends, 1 << 6);
}

static void count_by_itself(size_t thread)
{
	for (int i = 0; i < 5; i++)
		interleave__op(STEP_ADD, &word[thread], 1, 0);
}

/* Three threads of five steps that do not touch: 6 * 6 * 6 states, with the first. */
static void every_state_once(void)
{
	static struct interleave il;

	explore(&il, 3, count_by_itself);
	CHECK_EQ(il.n_states, 6 * 6 * 6 - 1);
	CHECK_EQ(il.n_ends, 1);
}

/* Steps leave no trace but in what their thread knows. */
static void only_look(size_t thread)
{
	for (int i = 0; i < 5; i++)
		interleave__op(STEP_LOAD, &word[thread], 0, 0);
}

static void steps_without_trace(void)
{
	static struct interleave il;

	explore(&il, 2, only_look);
	CHECK_EQ(il.n_states, 6 * 6 - 1);
}

/* Peterson's lock: 0, 1 interested; 2 whose turn; 3 who is within. */
static bool no_turn;

static void with_lock(size_t thread)
{
	size_t other = !thread;

	interleave__op(STEP_STORE, &word[thread], 1, 0);
	if (!no_turn)
		interleave__op(STEP_STORE, &word[2], other + 1, 0);
	if (interleave__op(STEP_LOAD, &word[other], 0, 0) &&
	    (no_turn || interleave__op(STEP_LOAD, &word[2], 0, 0) == other + 1))
		interleave__op(STEP_WAIT, no_turn ? &word[other] : &word[2],
			       no_turn ? 1 : other + 1, 0);
	interleave__op(STEP_ADD, &word[3], 1, 0);
	interleave__op(STEP_ADD, &word[3], -1, 0);
	interleave__op(STEP_STORE, &word[thread], 0, 0);
	if (!no_turn)
		interleave__op(STEP_STORE, &word[2], other + 1, 0);
}

static const char *one_within(size_t thread, bool done)
{
	(void)thread;
	(void)done;
	return word[3] > 1 ? "two are within" : NULL;
}

static void locks(void)
{
	static struct interleave il = {
		.n_threads = 2,
		.run = with_lock,
		.shared = word,
		.n_shared = 4,
		.check = one_within,
	};

	no_turn = false;
	memset(word, 0, sizeof(word));
	interleave__explore(&il);
	CHECK(!il.wrong);
	no_turn = true;
	memset(word, 0, sizeof(word));
	interleave__explore(&il);
	CHECK_STR(il.wrong, "nobody can go on");
}

static void turns_forever(size_t thread)
{
	while (!interleave__op(STEP_LOAD, &word[thread], 0, 0))
		;
}

static void ends_or_says_so(void)
{
	static struct interleave il;

	explore(&il, 1, turns_forever);
	CHECK_STR(il.wrong, "a thread does not come to an end");
}

int main(void)
{
	RUN(updates_are_lost);
	RUN(every_state_once);
	RUN(steps_without_trace);
	RUN(locks);
	RUN(ends_or_says_so);
	return check_done();
}
