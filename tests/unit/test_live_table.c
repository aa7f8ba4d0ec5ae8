/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live table under concurrency: bpf/live_table.h and its reader, user/live.c, in all orders of
 * the steps of small programs on a table of a few slots. The programs are those that meet: on
 * different addresses in one window, on the same one freed twice, on one that is handed on, during
 * a realloc, with a snapshot.
 *
 * A block is known by its number: it is the block's size, stack and birth, so that words of two
 * blocks in one show.
 */
#include "check.h"
#include "interleave.h"

#include <linux/types.h>

/*
 * The far part has two homes, and windows of three slots that overlap by two. The near part, if
 * there is one, has one home for all, with a window of two.
 */
#define LIVE_WINDOW 3
#define LIVE_NEAR_WINDOW 2
#define N_HOMES 2
#define N_SLOTS (1 + LIVE_NEAR_WINDOW + N_HOMES + LIVE_WINDOW - 1)

/* Wrong ways to do it, each of which has to be noticed. */
enum mutant {
	RIGHT,
	NO_BUSY,	 /* a slot is valid before it is filled */
	NO_RAISE,	 /* blocks away from home without raising its reach */
	EARLY_COUNT,	 /* blocks are counted before they have a slot */
	NO_RAISE_ALL,	 /* blocks in the far part without saying so in the near one */
	REACH_FORGOTTEN, /* by removing a block at home */
	TORN_CAS,	 /* compare, and then exchange */
	NO_WAIT,	 /* the reader passes over busy slots */
	NO_HOLD,	 /* realloc leaves its block for everybody to find */
	READ_ONCE,	 /* the reader does not look twice */
	TORN_CUT,	 /* the epoch moves on by reading and writing the count */
	MARK_BLINDLY,	 /* the reader marks what it has seen, whatever is there by now */
	N_MUTANTS,
};
static const char *const mutant_names[N_MUTANTS] = {
	"right",	   "no busy bit",   "no raise", "early count", "no raise to the far part",
	"reach forgotten", "torn exchange", "no wait",	"no hold",     "read once",
	"torn cut",	   "mark blindly",
};
static enum mutant mutant;

static __u64 live_load(__u64 *p);
static void live_store(__u64 *p, __u64 v);
static __u64 live_cas(__u64 *p, __u64 old, __u64 new);
static void live_and(__u64 *p, __u64 mask);
static __u64 live_add(__u64 *p, __u64 v);
static __u64 reader_load(const __u64 *p);
static void reader_mark(__u64 *p, __u64 old, __u64 new);
static __u64 reader_count(__u64 *p, __u64 n);
static bool reader_wait(const __u64 *p, __u64 value);

#define LIVE_READ(p) reader_load(p)
#define LIVE_EXCHANGE(p, old, new) reader_mark(p, *(old), new)
#define LIVE_COUNT(p, n) reader_count(p, n)
#define LIVE_MASK(p, mask) interleave__op(STEP_AND, p, mask, 0)
#define LIVE_WAIT(p, value) reader_wait(p, value)
#include "live.c"

static struct {
	struct live_slot slot[N_SLOTS];
	__u64 count[2]; /* of two CPUs */
	__u64 given[4]; /* one thread has said something to another */
} world;

static __u64 near_homes; /* 1, or 0: there is no near part */

#define LIVE_SLOT(i) ((i) < N_SLOTS ? &world.slot[i] : NULL)
#define LIVE_NEAR near_homes
#define LIVE_FAR N_HOMES
#define LIVE_CAS(p, old, new) live_cas(p, old, new)
#define LIVE_AND(p, mask) live_and(p, mask)
#define LIVE_ADD(p, v) live_add(p, v)
#define LIVE_LOAD(p) live_load(p)
#define LIVE_STORE(p, v) live_store(p, v)
#define LIVE_FUNC static
#include "../../bpf/live_table.h"

/* --- what a thread does */

enum action {
	END,
	RECORD,	  /* block */
	REMOVE,	  /* its address */
	FIND,	  /* which has to be there */
	HOLD,	  /* realloc begins */
	DROP,	  /* it has freed the old block */
	PUT_BACK, /* it has failed */
	RESIZE,
	GIVE, /* tell thread number N, */
	TAKE, /* which waits for that */
	SNAPSHOT,
	NO_ROOM, /* not all will find room */
};

struct todo {
	enum action action;
	unsigned int what;
};

#define MAX_THREADS 3
#define MAX_TODO 8
#define MAX_BLOCKS 8
/* The epoch that a count is in to begin with: the next is the first of all. */
#define FIRST_EPOCH 3

struct program {
	const char *name;
	struct todo before[MAX_TODO]; /* in order, before the threads start */
	struct todo thread[MAX_THREADS][MAX_TODO];
};

/* A block's number: its home, its address among those of that home, its life there. */
#define BLOCK(home, address, life) ((home) << 4 | (address) << 2 | (life))
#define A1 BLOCK(0, 1, 1)
#define A2 BLOCK(0, 1, 2)
#define A3 BLOCK(0, 1, 3)
#define B1 BLOCK(0, 2, 1)
#define B2 BLOCK(0, 2, 2)
#define C1 BLOCK(0, 3, 1)
#define C2 BLOCK(0, 3, 2)
#define X1 BLOCK(1, 1, 1)
#define X2 BLOCK(1, 1, 2)
#define Y1 BLOCK(1, 2, 1)
#define MAX_ID 32

/* Made anew by each run of a thread. */
struct outcome {
	int recorded[MAX_ID]; /* 1 more than what live_record returned */
	__u64 epoch[MAX_ID];  /* it was counted in */
	bool removed[MAX_ID]; /* a removal, drop or resize of it by this thread has worked */
	bool not_found;	      /* what had to be there */
	bool has_read, no_room;
	uint64_t counted;
	uint32_t new_epoch;
	int seen[MAX_ID];
	const char *wrong;
};

static const struct program *program;
static struct outcome outcomes[MAX_THREADS + 1]; /* the last: what went before */
static size_t me;
static __u64 learnt;	     /* hash of what this thread knows between two actions */
static unsigned int in_hand; /* block that this thread records */
static __u64 early;	     /* count that it found before */

static __u64 addresses[N_HOMES][4];

static __u64 addr_of(unsigned int id)
{
	return addresses[id >> 4][id >> 2 & 3];
}

static void choose_addresses(void)
{
	for (__u64 home = 0; home < N_HOMES; home++) {
		__u64 addr = 0x7ffff0000010;

		for (size_t i = 1; i < 4; addr += 16)
			if (live_hash(addr, 0) * N_HOMES >> 32 == home)
				addresses[home][i++] = addr;
	}
}

static __u64 live_load(__u64 *p)
{
	return interleave__op(STEP_LOAD, p, 0, 0);
}

static void live_store(__u64 *p, __u64 v)
{
	interleave__op(STEP_STORE, p, v, 0);
}

static __u64 live_cas(__u64 *p, __u64 old, __u64 new)
{
	bool raises = !((old ^ new) & ~LIVE_REACH_MASK);
	__u64 there;

	if (mutant == NO_BUSY && !LIVE_ADDR(old))
		new &= ~LIVE_BUSY;
	if (mutant == NO_RAISE && raises && LIVE_REACH(new) != LIVE_REACH_ALL)
		return old;
	if (mutant == NO_RAISE_ALL && raises && LIVE_REACH(new) == LIVE_REACH_ALL)
		return old;
	if (mutant == REACH_FORGOTTEN && !LIVE_ADDR(new))
		new = 0;
	if (mutant == NO_HOLD)
		new &= ~LIVE_HELD;
	if (mutant != TORN_CAS)
		return interleave__op(STEP_CAS, p, old, new);
	there = interleave__op(STEP_LOAD, p, 0, 0);
	if (there == old)
		interleave__op(STEP_STORE, p, new, 0);
	return there;
}

static void live_and(__u64 *p, __u64 mask)
{
	interleave__op(STEP_AND, p, mask, 0);
}

static __u64 live_add(__u64 *p, __u64 v)
{
	__u64 was;

	if (p < world.count && mutant == NO_BUSY)
		return interleave__op(STEP_AND, p, ~LIVE_BUSY, 0);
	if (p < world.count)
		return interleave__op(STEP_ADD, p, v, 0);
	was = mutant == EARLY_COUNT ? early : interleave__op(STEP_ADD, p, v, 0);
	outcomes[me].epoch[in_hand] = SEEN_EPOCH(was);
	return was;
}

/* What the reader has read of this slot so far. */
static struct {
	const __u64 *p[3];
	__u64 v[3];
	size_t n;
	__u64 slot;
} once;

static __u64 reader_load(const __u64 *p)
{
	__u64 slot = ((const char *)p - (const char *)world.slot) / sizeof(world.slot[0]);
	__u64 v;
	size_t i;

	if (slot != once.slot) {
		interleave__forget(interleave__mix(learnt, slot));
		once.n = 0;
		once.slot = slot;
	}
	if (mutant == READ_ONCE) {
		for (i = 0; i < once.n; i++)
			if (once.p[i] == p)
				return once.v[i];
	}
	v = interleave__op(STEP_LOAD, (__u64 *)p, 0, 0);
	if (mutant == READ_ONCE) {
		once.p[once.n] = p;
		once.v[once.n++] = v;
	}
	return v;
}

static void reader_mark(__u64 *p, __u64 old, __u64 new)
{
	if (mutant == MARK_BLINDLY)
		interleave__op(STEP_STORE, p, new, 0);
	else
		interleave__op(STEP_CAS, p, old, new);
}

static __u64 reader_count(__u64 *p, __u64 n)
{
	__u64 was;

	if (mutant != TORN_CUT)
		return interleave__op(STEP_ADD, p, n, 0);
	was = interleave__op(STEP_LOAD, p, 0, 0);
	interleave__op(STEP_STORE, p, was + n, 0);
	return was;
}

static bool reader_wait(const __u64 *p, __u64 value)
{
	once.n = 0;
	if (mutant == NO_WAIT)
		return false;
	interleave__op(STEP_WAIT, (__u64 *)p, value, 0);
	return true;
}

static int see(const struct live_block *b, void *arg)
{
	struct outcome *out = arg;

	if (b->size >= MAX_ID || b->stack != b->size || b->birth != b->size ||
	    b->addr != addr_of(b->size))
		out->wrong = "the reader has seen parts of different blocks";
	else if (out->seen[b->size]++)
		out->wrong = "the reader has seen a block twice";
	learnt = interleave__mix(learnt, b->size << 1 | !!out->wrong);
	return 0;
}

static void snapshot(struct outcome *out)
{
	const struct live_table table = {.slot = world.slot, .n = N_SLOTS};

	out->new_epoch = live__next_epoch(world.count, 2, 1, &out->counted);
	learnt = interleave__mix(interleave__mix(learnt, out->new_epoch), out->counted);
	live__for_each(&table, 0, out->new_epoch, see, out);
	out->has_read = true;
}

static void run(const struct todo *todo, size_t thread)
{
	struct outcome *out = &outcomes[thread];
	__u64 held = LIVE_NONE, when;
	int rc;

	memset(out, 0, sizeof(*out));
	once.slot = N_SLOTS;
	me = thread;
	learnt = thread;
	for (; todo->action; todo++, learnt++) {
		interleave__forget(learnt);
		const unsigned int id = todo->what;
		const __u64 size = id;
		struct live_was was;

		switch (todo->action) {
		case RECORD:
			in_hand = id;
			if (mutant == EARLY_COUNT)
				early = interleave__op(STEP_ADD, &world.count[thread & 1], 1, 0);
			rc = live_record(addr_of(id), LIVE_WHAT(size, 0, 0), LIVE_WHEN(id, id),
					 &world.count[thread & 1], &was);
			out->recorded[id] = rc + 2;
			learnt = interleave__mix(learnt, rc < 0 ? 9 : out->epoch[id] << 1 | rc);
			break;
		case REMOVE:
			out->removed[id] = live_remove(addr_of(id), 0);
			learnt = interleave__mix(learnt, out->removed[id]);
			break;
		case FIND:
			out->not_found |= live_find(addr_of(id), 0) == LIVE_NONE;
			learnt = interleave__mix(learnt, out->not_found);
			break;
		case HOLD:
			held = live_hold(addr_of(id), 0, &when);
			out->not_found |= held == LIVE_NONE;
			if (held != LIVE_NONE && LIVE_BIRTH(when) != id)
				out->wrong = "held another block";
			learnt = interleave__mix(learnt, held << 1 | !!out->wrong);
			break;
		case DROP:
			if (held != LIVE_NONE)
				live_drop(held);
			out->removed[id] = held != LIVE_NONE;
			break;
		case PUT_BACK:
			if (held != LIVE_NONE)
				live_put_back(held);
			break;
		case RESIZE:
			live_resize(addr_of(id), 0, id);
			break;
		case GIVE:
			interleave__op(STEP_STORE, &world.given[id], 1, 0);
			break;
		case TAKE:
			interleave__op(STEP_WAIT, &world.given[id], 0, 0);
			break;
		case SNAPSHOT:
			snapshot(out);
			break;
		default:
			out->no_room = true;
		}
	}
	interleave__forget(learnt);
}

static void run_thread(size_t thread)
{
	run(program->thread[thread], thread);
}

/* --- what has to be true */

static const char *check_slots(void)
{
	__u64 seen[MAX_ID] = {0};

	for (size_t i = 0; i < N_SLOTS; i++) {
		const struct live_slot *s = &world.slot[i];
		__u64 id = LIVE_SIZE(s->what);

		if (!LIVE_ADDR(s->where) || s->where & (LIVE_BUSY | LIVE_HELD))
			continue;
		if (id >= MAX_ID || LIVE_STACK(s->when) != id || LIVE_BIRTH(s->when) != id ||
		    LIVE_ADDR(s->where) != addr_of(id))
			return "a slot holds parts of different blocks";
		if (seen[id / 4]++)
			return "an address is in the table twice";
	}
	return NULL;
}

/* When a snapshot has been taken: a block that is there and was counted before has been seen. */
static const char *check_snapshot(size_t thread)
{
	const struct outcome *out = &outcomes[thread];

	if (out->wrong || !out->has_read)
		return out->wrong;
	for (size_t i = 0; i < N_SLOTS; i++) {
		const struct live_slot *s = &world.slot[i];

		if (!LIVE_ADDR(s->where) || s->where & LIVE_BUSY ||
		    LIVE_EPOCH(s->when) == out->new_epoch + 1)
			continue;
		if (!out->seen[LIVE_SIZE(s->what) % MAX_ID])
			return "the reader has missed a block";
	}
	return NULL;
}

static const char *check_step(size_t thread, bool done)
{
	const char *wrong = check_slots();

	if (!wrong && done)
		wrong = check_snapshot(thread);
	return wrong;
}

/* Which of all threads' blocks were counted before the snapshot, and what has become of them. */
static const char *check_account(const struct outcome *reader)
{
	uint64_t counted = 0;

	for (unsigned int id = 0; id < MAX_ID; id++) {
		bool old = false, gone = false;

		for (size_t t = 0; t <= MAX_THREADS; t++) {
			const struct outcome *o = &outcomes[t];

			if (o->recorded[id] > 1 && o->epoch[id] != reader->new_epoch)
				old = true;
			gone |= o->removed[id];
			/* replaced by another life of the address */
			for (unsigned int k = id & ~3U; k < (id | 3U); k++)
				gone |= k + 1 != id && o->recorded[k + 1] == 3;
		}
		counted += old;
		if (old && !gone && !reader->seen[id])
			return "the reader has missed a block that nobody has removed";
		if (!old && reader->seen[id])
			return "the reader has seen a block that it has not counted";
	}
	if (counted != reader->counted)
		return "the count is not that of the blocks before the snapshot";
	return NULL;
}

static const char *check_end(void)
{
	int balance[MAX_ID / 4] = {0};
	const char *wrong = check_slots();
	bool failed = false;

	for (size_t t = 0; t <= MAX_THREADS; t++) {
		const struct outcome *o = &outcomes[t];

		if (o->wrong)
			return o->wrong;
		if (o->not_found)
			return "a block that is there was not found";
		if (o->has_read && !wrong && t < MAX_THREADS)
			wrong = check_account(o);
		for (unsigned int id = 0; id < MAX_ID; id++) {
			failed |= o->recorded[id] == 1;
			balance[id / 4] += o->recorded[id] == 2;
			balance[id / 4] -= o->removed[id];
		}
	}
	if (failed && !outcomes[MAX_THREADS].no_room)
		return "no room, though there is";
	for (size_t i = 0; i < N_SLOTS; i++) {
		const struct live_slot *s = &world.slot[i];

		if (!LIVE_ADDR(s->where))
			continue;
		if (s->where & (LIVE_BUSY | LIVE_HELD))
			return "a slot stays busy";
		balance[LIVE_SIZE(s->what) % MAX_ID / 4]--;
		if (live_find(LIVE_ADDR(s->where), 0) != i)
			return "a block cannot be found any more";
	}
	for (size_t i = 0; i < MAX_ID / 4; i++)
		if (balance[i])
			return "added and removed do not make what is there";
	return wrong;
}

/* --- programs */

static const struct program programs[] = {
	{"two insert in one window", {{END}}, {{{RECORD, A1}}, {{RECORD, B1}}}},
	{"two insert, and remove again",
	 {{END}},
	 {{{RECORD, A1}, {FIND, A1}, {REMOVE, A1}}, {{RECORD, B1}, {FIND, B1}, {REMOVE, B1}}}},
	{"three insert in one window", {{END}}, {{{RECORD, A1}}, {{RECORD, B1}}, {{RECORD, C1}}}},
	{"three insert in two windows that overlap",
	 {{END}},
	 {{{RECORD, A1}}, {{RECORD, B1}, {FIND, B1}}, {{RECORD, X1}, {FIND, X1}}}},
	{"one inserts while another removes at home",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}}, {{RECORD, B1}, {FIND, B1}}}},
	{"one comes and goes at home while others are raised above it",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}, {RECORD, A2}, {FIND, A2}}, {{RECORD, B1}, {RECORD, C1}, {FIND, B1}}}},
	{"a search goes on while its home changes",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{REMOVE, A1}, {RECORD, C1}, {REMOVE, C1}}, {{FIND, B1}, {FIND, B1}}}},
	{"freed twice at once", {{RECORD, A1}}, {{{REMOVE, A1}}, {{REMOVE, A1}}}},
	{"freed twice, away from home, and a neighbour comes",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{REMOVE, B1}}, {{REMOVE, B1}}, {{RECORD, C1}, {FIND, C1}}}},
	{"freed twice at once, and then got again",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}, {GIVE, 0}},
	  {{REMOVE, A1}, {GIVE, 1}},
	  {{TAKE, 0}, {TAKE, 1}, {RECORD, A2}}}},
	{"replaced: a free was missed",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{RECORD, B2}, {FIND, B2}, {REMOVE, B2}}, {{REMOVE, A1}, {RECORD, A2}}}},
	{"freed here, got there",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{REMOVE, B1}, {GIVE, 0}, {REMOVE, A1}}, {{TAKE, 0}, {RECORD, B2}, {FIND, B2}}}},
	{"handed on, freed there, got here",
	 {{END}},
	 {{{RECORD, A1}, {GIVE, 0}, {TAKE, 1}, {RECORD, A2}, {FIND, A2}},
	  {{TAKE, 0}, {REMOVE, A1}, {GIVE, 1}},
	  {{RECORD, B1}, {FIND, B1}}}},
	{"no room",
	 {{NO_ROOM, 0}, {RECORD, A1}, {RECORD, B1}},
	 {{{RECORD, C1}}, {{RECORD, X1}}, {{RECORD, Y1}, {REMOVE, A1}}}},
	{"room by removing",
	 {{RECORD, A1}, {RECORD, B1}, {RECORD, C1}},
	 {{{REMOVE, A1}, {RECORD, A2}, {FIND, A2}}, {{REMOVE, B1}, {RECORD, B2}, {FIND, B2}}}},
	{"a realloc gives its address to another thread",
	 {{RECORD, A1}},
	 {{{HOLD, A1}, {GIVE, 0}, {DROP, A1}}, {{TAKE, 0}, {RECORD, A2}, {FIND, A2}}}},
	{"so do two of them, one after the other",
	 {{RECORD, A1}},
	 {{{HOLD, A1}, {GIVE, 0}, {DROP, A1}},
	  {{TAKE, 0}, {RECORD, A2}, {HOLD, A2}, {GIVE, 1}, {DROP, A2}},
	  {{TAKE, 1}, {RECORD, A3}, {FIND, A3}}}},
	{"a realloc fails beside others",
	 {{RECORD, A1}},
	 {{{HOLD, A1}, {PUT_BACK, A1}, {FIND, A1}}, {{RECORD, B1}, {FIND, B1}}}},
	{"a realloc in place",
	 {{RECORD, A1}},
	 {{{HOLD, A1}, {DROP, A1}, {RECORD, A2}, {FIND, A2}}, {{RECORD, B1}, {FIND, B1}}}},
	{"resized beside others",
	 {{RECORD, A1}},
	 {{{RESIZE, A1}, {FIND, A1}}, {{RECORD, B1}, {FIND, B1}, {REMOVE, B1}}}},

	{"the near part fills up while two come",
	 {{RECORD, A1}},
	 {{{RECORD, B1}, {FIND, B1}}, {{RECORD, C1}, {FIND, C1}, {REMOVE, C1}}}},
	{"it is full: one goes further while another leaves",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{RECORD, C1}, {FIND, C1}}, {{REMOVE, A1}, {RECORD, A2}, {FIND, A2}}}},
	{"a search goes further while the near part changes",
	 {{RECORD, A1}, {RECORD, B1}, {RECORD, C1}},
	 {{{REMOVE, A1}, {RECORD, X1}, {REMOVE, X1}}, {{FIND, C1}, {REMOVE, C1}}}},
	{"a realloc from the far part to the near one",
	 {{RECORD, A1}, {RECORD, B1}, {RECORD, C1}},
	 {{{HOLD, C1}, {GIVE, 0}, {DROP, C1}},
	  {{REMOVE, A1}, {TAKE, 0}, {RECORD, C2}, {FIND, C2}}}},

	{"snapshot: an insertion", {{RECORD, A1}}, {{{RECORD, B1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: two insertions", {{END}}, {{{RECORD, A1}}, {{RECORD, B1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a removal", {{RECORD, A1}, {RECORD, B1}}, {{{REMOVE, A1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a block is exchanged for another",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}, {RECORD, B1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: and back again",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}, {RECORD, B1}, {REMOVE, B1}, {RECORD, A2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: by two threads",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}, {GIVE, 0}}, {{TAKE, 0}, {RECORD, B1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: insertions and removals by two",
	 {{RECORD, A1}, {RECORD, X1}},
	 {{{RECORD, B1}, {REMOVE, A1}}, {{REMOVE, X1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: replaced", {{RECORD, A1}}, {{{RECORD, A2}, {REMOVE, A2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a block goes from a far slot to a near one",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{REMOVE, A1}, {REMOVE, B1}, {RECORD, B2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: and from a near one to a far one",
	 {{RECORD, A1}},
	 {{{REMOVE, A1}, {RECORD, B1}, {RECORD, A2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a block goes from the far part to the near one",
	 {{RECORD, A1}, {RECORD, B1}, {RECORD, C1}},
	 {{{REMOVE, A1}, {REMOVE, C1}, {RECORD, C2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: into the far part",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{RECORD, C1}, {REMOVE, A1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a realloc",
	 {{RECORD, A1}},
	 {{{HOLD, A1}, {DROP, A1}, {RECORD, A2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a realloc gives its address to another thread",
	 {{RECORD, A1}},
	 {{{HOLD, A1}, {GIVE, 0}, {DROP, A1}}, {{TAKE, 0}, {RECORD, A2}}, {{SNAPSHOT, 0}}}},
	{"snapshot: a realloc fails",
	 {{RECORD, A1}, {RECORD, X1}},
	 {{{HOLD, A1}, {PUT_BACK, A1}}, {{REMOVE, X1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: resized", {{RECORD, A1}}, {{{RESIZE, A1}, {REMOVE, A1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: freed twice",
	 {{RECORD, A1}, {RECORD, B1}},
	 {{{REMOVE, A1}}, {{REMOVE, A1}}, {{SNAPSHOT, 0}}}},
	{"snapshot: the second",
	 {{RECORD, A1}, {SNAPSHOT, 0}, {RECORD, X1}},
	 {{{RECORD, B1}, {REMOVE, A1}, {REMOVE, X1}}, {{SNAPSHOT, 0}}}},
};
#define N_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static void explore(const struct program *p, bool with_near, struct interleave *il)
{
	near_homes = with_near;
	*il = (struct interleave){
		.run = run_thread,
		.shared = (__u64 *)&world,
		.n_shared = sizeof(world) / sizeof(__u64),
		.check = check_step,
		.check_end = check_end,
	};
	program = p;
	memset(&world, 0, sizeof(world));
	world.count[0] = world.count[1] = (__u64)FIRST_EPOCH << SEEN_EPOCH_SHIFT;
	memset(outcomes, 0, sizeof(outcomes));
	while (il->n_threads < MAX_THREADS && p->thread[il->n_threads][0].action)
		il->n_threads++;
	run(p->before, MAX_THREADS);
	interleave__explore(il);
}

static void all_orders(void)
{
	static struct interleave il;
	size_t states = 0, i;

	mutant = RIGHT;
	for (i = 0; i < 2 * N_PROGRAMS; i++) {
		explore(&programs[i / 2], i % 2, &il);
		states += il.n_states;
		if (il.wrong) {
			printf("  %s: %s, after\n%s", programs[i / 2].name, il.wrong, il.trace);
			CHECK(!il.wrong);
		}
		if (getenv("VERBOSE"))
			printf("  %s: %zu states, %zu ends\n", programs[i / 2].name, il.n_states,
			       il.n_ends);
		CHECK(il.n_ends > 0 || il.wrong);
	}
	printf("  %zu programs, %zu states\n", N_PROGRAMS, states);
}

/* Would they notice? Each wrong way has to fail in one of the programs at least. */
static void wrong_ways_are_noticed(void)
{
	static struct interleave il;
	size_t i;

	for (mutant = RIGHT + 1; mutant < N_MUTANTS; mutant++) {
		il.wrong = NULL;
		for (i = 0; i < 2 * N_PROGRAMS && !il.wrong; i++)
			explore(&programs[i / 2], i % 2, &il);
		printf("  %s: %s%s%s\n", mutant_names[mutant],
		       il.wrong ? programs[(i - 1) / 2].name : "", il.wrong ? ": " : "",
		       il.wrong ? il.wrong : "not noticed");
		CHECK(il.wrong != NULL);
	}
	mutant = RIGHT;
}

int main(void)
{
	choose_addresses();
	RUN(all_orders);
	RUN(wrong_ways_are_noticed);
	return check_done();
}
