/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack table under concurrency: bpf/stack_table.h in all orders of the steps of threads that
 * enter stacks, on a table of a few slots. A thread is a list of hashes: home << 32 | number.
 */
#include "check.h"
#include "interleave.h"

#include <linux/types.h>

#define STACK_WINDOW 3
#define N_HOMES 2
#define N_SLOTS (N_HOMES + STACK_WINDOW - 1)

#include "../bpf/memleak.h"

static struct stack_slot table[N_SLOTS];
static bool torn; /* wrong on purpose: look, and then write */

static __u64 exchange(__u64 *p, __u64 old, __u64 new)
{
	__u64 there;

	if (!torn)
		return interleave__op(STEP_CAS, p, old, new);
	there = interleave__op(STEP_LOAD, p, 0, 0);
	if (there == old)
		interleave__op(STEP_STORE, p, new, 0);
	return there;
}

#define STACK_SLOT(i) ((i) < N_SLOTS ? &table[i] : NULL)
/* live_home's reduction: the upper half of the hash, of two homes, is 0 or 1 << 31 */
#define STACK_HOMES N_HOMES
#define STACK_CAS(p, old, new) exchange(p, old, new)
#define STACK_LOAD(p) interleave__op(STEP_LOAD, p, 0, 0)
#define STACK_FUNC static
#include "../../bpf/stack_table.h"

#define HASH(home, n) ((__u64)(home) << 63 | (n))
#define A HASH(0, 1)
#define B HASH(0, 2)
#define C HASH(0, 3)
#define X HASH(1, 1)
#define Y HASH(1, 2)

#define MAX_THREADS 3
#define MAX_HASHES 4

struct program {
	const char *name;
	__u64 thread[MAX_THREADS][MAX_HASHES];
};

static const struct program programs[] = {
	{"one stack, three threads", {{A}, {A}, {A}}},
	{"one stack, again and again", {{A, A}, {A, A}}},
	{"different ones of one home", {{A, B}, {B, A}}},
	{"three of one home", {{A, B}, {B, C}, {C}}},
	{"homes that overlap", {{A, X}, {B, X}, {X}}},
	{"no room for all", {{A, B}, {C, X}, {Y}}},
};

static const struct program *program;
static __u64 keys[MAX_THREADS][MAX_HASHES];

static void enter(size_t thread)
{
	const __u64 *hash = program->thread[thread];
	__u64 learnt = thread + 1;

	for (size_t i = 0; i < MAX_HASHES && hash[i]; i++) {
		keys[thread][i] = stack_enter(hash[i]);
		learnt = interleave__mix(learnt, keys[thread][i]);
		interleave__forget(learnt);
	}
}

/* Nothing is removed: there is room at the end if there was any before. */
static bool window_is_full(__u64 hash)
{
	const struct stack_slot *first = &table[hash >> 63];

	return first[0].hash && first[1].hash && first[2].hash;
}

static const char *check_end(void)
{
	unsigned int new = 0, there = 0;
	size_t t, i, k;

	for (i = 0; i < N_SLOTS; i++) {
		there += !!table[i].hash;
		for (k = 0; k < i; k++)
			if (table[i].hash && table[i].hash == table[k].hash)
				return "a stack is in the table twice";
	}
	for (t = 0; t < MAX_THREADS; t++) {
		for (i = 0; i < MAX_HASHES && program->thread[t][i]; i++) {
			__u64 key = keys[t][i] & 0xffffffff;

			if (!key && !window_is_full(program->thread[t][i]))
				return "no room, though there is";
			new += !!(keys[t][i] & STACK_NEW);
			if (key && table[key - 1].hash != program->thread[t][i])
				return "a key is not its stack's";
		}
	}
	if (new != there)
		return "not each stack was new once";
	return NULL;
}

static bool explore(const struct program *p, struct interleave *il)
{
	*il = (struct interleave){
		.run = enter,
		.shared = (__u64 *)table,
		.n_shared = sizeof(table) / (sizeof(__u64)),
		.check_end = check_end,
	};
	program = p;
	memset(table, 0, sizeof(table));
	memset(keys, 0, sizeof(keys));
	while (il->n_threads < MAX_THREADS && p->thread[il->n_threads][0])
		il->n_threads++;
	interleave__explore(il);
	return !il->wrong;
}

static void all_orders(void)
{
	static struct interleave il;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!explore(&programs[i], &il))
			printf("  %s: %s, after\n%s", programs[i].name, il.wrong, il.trace);
		CHECK(!il.wrong);
		CHECK(il.n_ends > 0);
	}
}

static void wrong_way_is_noticed(void)
{
	static struct interleave il;

	torn = true;
	CHECK(!explore(&programs[0], &il));
	torn = false;
}

int main(void)
{
	RUN(all_orders);
	RUN(wrong_way_is_noticed);
	return check_done();
}
