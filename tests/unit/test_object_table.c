/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of kernel objects under concurrency: bpf/object_table.h, and user/kernel/kobjects.c
 * removing from it, in all orders of the steps of small programs on a table of a few slots.
 *
 * An object is known by its number: its sizes, origin and birth, so that words of two in one show.
 */
#include "check.h"
#include "interleave.h"

#include <linux/types.h>
#include <stdint.h>

/* Two homes, and windows of three slots: 0 1 2 and 1 2 3. */
#define OBJECT_WINDOW 3
#define N_HOMES 2
#define N_SLOTS (N_HOMES + OBJECT_WINDOW - 1)

/* Wrong ways to do it, each of which has to be noticed. */
enum mutant {
	RIGHT,
	NO_RAISE,     /* objects away from home without raising its reach */
	TORN_CAS,     /* compare, and then exchange */
	NO_REACH,     /* nobody looks farther than home */
	FORGET_REACH, /* by removing an object at home */
	NO_SYNC,      /* who removes does not wait for the programs that run */
	NO_NOBODY,    /* nor takes the slot first */
	N_MUTANTS,
};
static const char *const mutant_names[N_MUTANTS] = {
	"right",	   "no raise", "torn exchange", "no reach",
	"forgotten reach", "no sync",  "free at once",
};
static enum mutant mutant;

static __u64 cas(__u64 *p, __u64 old, __u64 new);
static __u64 load_word(__u64 *p);
static void store_word(__u64 *p, __u64 v);
static bool reader_cas(__u64 *p, __u64 *old, __u64 new);

#define OBJECT_SLOT(i) ((i) < N_SLOTS ? &world.slot[i] : NULL)
#define OBJECT_HOME_SLOT(t, i) ((void)(t), OBJECT_SLOT(i))
#define OBJECT_HOME_REACH(t, i) (load_word(&world.reaches) >> (i)*8 & 255)
#define OBJECT_REACHES(i) ((i) ? NULL : &world.reaches)
#define OBJECT_HOME_SHIFT 63
#define OBJECT_CAS(p, old, new) cas(p, old, new)
#define OBJECT_LOAD(p) load_word(p)
#define OBJECT_STORE(p, v) store_word(p, v)
#define OBJECT_FUNC static
#define KOBJECTS_LOAD(p) interleave__op(STEP_LOAD, (__u64 *)(p), 0, 0)
#define KOBJECTS_CAS(p, old, new) reader_cas(p, old, new)
#include "kernel/kobjects.c"

static struct {
	struct object_slot slot[N_SLOTS];
	__u64 reaches;
	__u64 running[3]; /* what a thread is at, 0: nothing */
	__u64 given[4];
} world;

#include "../../bpf/object_table.h"

static __u64 cas(__u64 *p, __u64 old, __u64 new)
{
	__u64 there;

	if (mutant == NO_RAISE && p == &world.reaches)
		return old;
	if (mutant != TORN_CAS)
		return interleave__op(STEP_CAS, p, old, new);
	there = interleave__op(STEP_LOAD, p, 0, 0);
	if (there == old)
		interleave__op(STEP_STORE, p, new, 0);
	return there;
}

static __u64 load_word(__u64 *p)
{
	__u64 v = interleave__op(STEP_LOAD, p, 0, 0);

	return mutant == NO_REACH && p == &world.reaches ? 0 : v;
}

static void store_word(__u64 *p, __u64 v)
{
	if (mutant == FORGET_REACH && p == &world.slot[0].where && !v)
		interleave__op(STEP_STORE, &world.reaches, 0, 0);
	interleave__op(STEP_STORE, p, v, 0);
}

static bool reader_cas(__u64 *p, __u64 *old, __u64 new)
{
	__u64 there;

	if (mutant == NO_NOBODY && new == NOBODY)
		new = 0;
	there = interleave__op(STEP_CAS, p, *old, new);
	if (there == *old)
		return true;
	*old = there;
	return false;
}

int ksession__object_hash(const struct ksession *s, size_t *n)
{
	(void)s;
	*n = 0;
	return -1;
}

void ksession__count_removed(struct ksession *s, size_t n)
{
	(void)s;
	(void)n;
}

size_t ksession__max_objects(const struct ksession *s)
{
	(void)s;
	return 0;
}

struct object_slot *ksession__objects(const struct ksession *s, size_t *n)
{
	(void)s;
	*n = N_SLOTS;
	return world.slot;
}

/* Until each thread has ended what it was at. */
int ksession__sync(struct ksession *s)
{
	__u64 at;
	size_t i;

	(void)s;
	for (i = 0; i < 3 && mutant != NO_SYNC; i++) {
		at = interleave__op(STEP_LOAD, &world.running[i], 0, 0);
		if (at)
			interleave__op(STEP_WAIT, &world.running[i], at, 0);
	}
	return 0;
}

/* --- what a thread does */

enum action {
	END,
	INSERT, /* object */
	REMOVE,
	FIND,  /* which has to be there */
	PURGE, /* user space: which is dead */
	GIVE,  /* tell thread number N, */
	TAKE,  /* which waits for that */
	NO_ROOM,
};

struct todo {
	enum action action;
	unsigned int what;
};

#define MAX_TODO 8
#define MAX_ID 32
/* An object's number: its home, its address among those of that home, its life there. */
#define OBJECT(home, address, life) ((home) << 4 | (address) << 2 | (life))
#define A1 OBJECT(0, 1, 1)
#define A2 OBJECT(0, 1, 2)
#define A3 OBJECT(0, 1, 3)
#define B1 OBJECT(0, 2, 1)
#define B2 OBJECT(0, 2, 2)
#define C1 OBJECT(0, 3, 1)
#define X1 OBJECT(1, 1, 1)
#define Y1 OBJECT(1, 2, 1)

struct program {
	const char *name;
	struct todo before[MAX_TODO];
	struct todo thread[3][MAX_TODO];
	unsigned int there[4]; /* objects that are in the table at the end */
};

static const struct program *program;
static __u64 addresses[N_HOMES][4];
static struct {
	bool not_found, not_removed, no_room;
} outcome[4];

static __u64 addr_of(unsigned int id)
{
	return addresses[id >> 4][id >> 2 & 3];
}

static __u64 where_of_id(unsigned int id)
{
	return OBJECT_WHERE(addr_of(id), KERNEL_SPACE_SLAB);
}

static __u64 what_of(unsigned int id)
{
	return OBJECT_WHAT((__u64)id, (__u64)id, KERNEL_SPACE_SLAB);
}

static __u64 when_of(unsigned int id)
{
	return OBJECT_WHEN(id, id, 0);
}

static void choose_addresses(void)
{
	__u64 addr, home;
	size_t i;

	for (home = 0; home < N_HOMES; home++)
		for (i = 1, addr = 0xff888100000000; i < 4; addr += 64)
			if (object_home(OBJECT_WHERE(addr, KERNEL_SPACE_SLAB)) == home)
				addresses[home][i++] = addr;
}

static void purge(unsigned int id)
{
	struct kobject o = {.addr = addr_of(id), .what = what_of(id), .when = when_of(id)};
	uint64_t removed;

	for (o.slot = 0; o.slot < N_SLOTS; o.slot++) {
		struct kobject copy = o;

		kobjects__remove(NULL, &copy, 1, &removed);
	}
}

static void run(const struct todo *todo, size_t thread)
{
	__u64 at = 1;

	memset(&outcome[thread], 0, sizeof(outcome[thread]));
	for (; todo->action; todo++, at++) {
		unsigned int id = todo->what;

		if (thread < 3 && todo->action != PURGE)
			interleave__op(STEP_STORE, &world.running[thread], at, 0);
		switch (todo->action) {
		case INSERT:
			if (object_insert(NULL, where_of_id(id), what_of(id), when_of(id)) < 0)
				outcome[thread].no_room = true;
			break;
		case REMOVE:
			if (!object_remove(NULL, where_of_id(id)))
				outcome[thread].not_removed = true;
			break;
		case FIND:
			if (object_find(where_of_id(id)) == OBJECT_NONE)
				outcome[thread].not_found = true;
			break;
		case PURGE:
			purge(id);
			break;
		case GIVE:
			interleave__op(STEP_STORE, &world.given[id], 1, 0);
			break;
		case TAKE:
			/* not within a program: nobody waits for who waits here */
			interleave__op(STEP_STORE, &world.running[thread], 0, 0);
			interleave__op(STEP_WAIT, &world.given[id], 0, 0);
			break;
		default:
			break;
		}
		if (thread < 3 && todo->action != PURGE)
			interleave__op(STEP_STORE, &world.running[thread], 0, 0);
	}
}

static void run_thread(size_t thread)
{
	run(program->thread[thread], thread);
}

static bool may_lack_room(void)
{
	return program->before[0].action == NO_ROOM;
}

static const char *check_end(void)
{
	size_t i, k;

	for (i = 0; i < 4; i++) {
		if (outcome[i].not_found)
			return "an object that is there was not found";
		if (outcome[i].not_removed)
			return "an object that is there was not removed";
		if (outcome[i].no_room && !may_lack_room())
			return "no room, though there is";
	}
	if (may_lack_room())
		return NULL;
	for (k = 0; k < 4 && program->there[k]; k++) {
		unsigned int id = program->there[k];

		for (i = 0; i < N_SLOTS; i++)
			if (world.slot[i].where == where_of_id(id) &&
			    world.slot[i].what == what_of(id) && world.slot[i].when == when_of(id))
				break;
		if (i == N_SLOTS)
			return "an object is lost";
		if (object_find(where_of_id(id)) == OBJECT_NONE)
			return "an object cannot be found any more";
	}
	for (i = 0; i < N_SLOTS; i++) {
		__u64 addr = OBJECT_ADDR(world.slot[i].where);

		if (world.slot[i].where == NOBODY)
			return "a slot stays with nobody";
		for (k = 0; addr && k < 4 && program->there[k]; k++)
			if (addr == addr_of(program->there[k]))
				addr = 0;
		if (addr)
			return "an object is there that was removed";
	}
	return NULL;
}

static const struct program programs[] = {
	{"two insert in one window", {{END}}, {{{INSERT, A1}}, {{INSERT, B1}}}, {A1, B1}},
	{"three insert in one window",
	 {{END}},
	 {{{INSERT, A1}}, {{INSERT, B1}, {FIND, B1}}, {{INSERT, C1}}},
	 {A1, B1, C1}},
	{"three insert in two windows that overlap",
	 {{END}},
	 {{{INSERT, A1}}, {{INSERT, B1}, {FIND, B1}}, {{INSERT, X1}, {FIND, X1}}},
	 {A1, B1, X1}},
	{"two insert, and remove again",
	 {{END}},
	 {{{INSERT, A1}, {FIND, A1}, {REMOVE, A1}}, {{INSERT, B1}, {FIND, B1}, {REMOVE, B1}}},
	 {0}},
	{"one inserts while another removes at home",
	 {{INSERT, A1}},
	 {{{REMOVE, A1}}, {{INSERT, B1}, {FIND, B1}}},
	 {B1}},
	{"a search goes on while its home changes",
	 {{INSERT, A1}, {INSERT, B1}},
	 {{{REMOVE, A1}, {INSERT, C1}, {REMOVE, C1}}, {{FIND, B1}, {REMOVE, B1}}},
	 {0}},
	{"one comes and goes at home while others are raised above it",
	 {{INSERT, A1}},
	 {{{REMOVE, A1}, {INSERT, A2}, {FIND, A2}}, {{INSERT, B1}, {INSERT, C1}, {FIND, B1}}},
	 {A2, B1, C1}},
	{"handed on, freed there, got here",
	 {{END}},
	 {{{INSERT, A1}, {GIVE, 0}, {TAKE, 1}, {INSERT, A2}, {FIND, A2}},
	  {{TAKE, 0}, {REMOVE, A1}, {GIVE, 1}},
	  {{INSERT, B1}, {FIND, B1}}},
	 {A2, B1}},
	{"replaced: a free was missed",
	 {{INSERT, A1}, {INSERT, B1}},
	 {{{INSERT, B2}, {FIND, B2}}, {{INSERT, A2}, {FIND, A2}}},
	 {A2, B2}},
	{"room by removing",
	 {{INSERT, A1}, {INSERT, B1}, {INSERT, C1}},
	 {{{REMOVE, A1}, {INSERT, A2}, {FIND, A2}}, {{REMOVE, B1}, {INSERT, B2}, {FIND, B2}}},
	 {A2, B2, C1}},
	{"no room",
	 {{NO_ROOM, 0}, {INSERT, A1}, {INSERT, B1}},
	 {{{INSERT, C1}}, {{INSERT, X1}}, {{INSERT, Y1}, {REMOVE, A1}}},
	 {0}},
	{"purged beside others",
	 {{INSERT, A1}, {INSERT, B1}},
	 {{{PURGE, A1}}, {{INSERT, C1}, {FIND, C1}}, {{REMOVE, B1}}},
	 {C1}},
	{"purged while its address is got again",
	 {{INSERT, A1}},
	 {{{PURGE, A1}}, {{INSERT, A2}}},
	 {A2}},
	{"away from home",
	 {{INSERT, B1}, {INSERT, A1}},
	 {{{PURGE, A1}}, {{INSERT, A2}}, {{REMOVE, B1}}},
	 {A2}},
	{"purged while a neighbour takes its slot",
	 {{INSERT, A1}},
	 {{{PURGE, A1}}, {{INSERT, B1}, {FIND, B1}}, {{INSERT, A2}}},
	 {A2, B1}},
};

/* The first program that goes wrong, or NULL. */
static const char *explore_all(bool tell)
{
	struct interleave il;
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		program = &programs[i];
		memset(&world, 0, sizeof(world));
		memset(&interleave_now, 0, sizeof(interleave_now));
		memset(outcome, 0, sizeof(outcome));
		run(program->before, 3);
		il = (struct interleave){
			.n_threads = 3,
			.run = run_thread,
			.shared = (__u64 *)&world,
			.n_shared = sizeof(world) / sizeof(__u64),
			.check_end = check_end,
		};
		interleave__explore(&il);
		if (!il.wrong)
			continue;
		if (tell)
			printf("  %s: %s\n%s", program->name, il.wrong, il.trace);
		return program->name;
	}
	return NULL;
}

static void all_orders(void)
{
	mutant = RIGHT;
	CHECK(!explore_all(true));
}

static void notices_mutants(void)
{
	for (mutant = RIGHT + 1; mutant < N_MUTANTS; mutant++) {
		const char *where = explore_all(false);

		if (!where)
			printf("  not noticed: %s\n", mutant_names[mutant]);
		CHECK(where != NULL);
	}
}

int main(void)
{
	choose_addresses();
	RUN(all_orders);
	RUN(notices_mutants);
	return check_done();
}
