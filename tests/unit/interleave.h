/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interleave - runs a few threads in every order that their steps on shared words can have.
 *
 * A thread is a function that touches shared memory through interleave__op() alone, one word in one
 * step, and else depends on nothing. So what it does next follows from what its steps have returned
 * so far: to make one step more it is run anew, with the results of the earlier ones out of a log,
 * and left by a longjmp at the step after. No stacks are kept, and a state of the whole is the
 * shared words and the logs. States that were reached in another order before are not gone into
 * again; as all orders from there on are the same, none is missed. (States are told apart by 64
 * bits of hash: a million of them are taken for another with a probability of 1 in 10^7.)
 *
 * The order of steps is sequentially consistent: what a CPU's store buffer may do besides is not
 * looked at. The BPF side uses full barriers where that matters.
 */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include <linux/types.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERLEAVE_THREADS 4
#define INTERLEAVE_STEPS 256 /* of a thread */

enum interleave_kind {
	STEP_LOAD,
	STEP_STORE, /* a */
	STEP_CAS,   /* a: old, b: new; returns what was there */
	STEP_AND,   /* a; returns what was there, as the next */
	STEP_ADD,   /* a */
	STEP_WAIT,  /* until it is not a */
};

struct interleave_step {
	enum interleave_kind kind;
	__u64 *p, a, b;
};

struct interleave {
	size_t n_threads;
	void (*run)(size_t thread);
	__u64 *shared;
	size_t n_shared; /* words */
	/* Called after each step. thread: who made it; done: its last. Returns what is wrong or
	 * NULL. */
	const char *(*check)(size_t thread, bool done);
	/* All threads have ended, and run() is called once more for each before. */
	const char *(*check_end)(void);

	/* results */
	size_t n_states, n_ends;
	const char *wrong;
	char trace[8192]; /* the steps that led there */
};

static struct {
	struct interleave *il;
	struct {
		__u64 log[INTERLEAVE_STEPS], hash[INTERLEAVE_STEPS + 1];
		size_t n;
		bool done;
		struct interleave_step next;
	} thread[INTERLEAVE_THREADS];
	/* the thread that runs */
	size_t current, at;
	bool may_step;
	jmp_buf leave;
	/* the way here */
	struct {
		size_t thread;
		struct interleave_step step;
		__u64 result;
	} way[INTERLEAVE_THREADS * INTERLEAVE_STEPS];
	size_t depth;
	__u64 *visited;
	size_t n_visited, max_visited;
} interleave_now;

static inline __u64 interleave__perform(const struct interleave_step *s)
{
	__u64 was = *s->p;

	switch (s->kind) {
	case STEP_STORE:
		*s->p = s->a;
		break;
	case STEP_CAS:
		if (was == s->a)
			*s->p = s->b;
		break;
	case STEP_AND:
		*s->p = was & s->a;
		break;
	case STEP_ADD:
		*s->p = was + s->a;
		break;
	default:
		break;
	}
	return was;
}

static inline __u64 interleave__mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL + 0xD6E8FEB86659FD93ULL;
	hash ^= hash >> 29;
	hash *= 0xBF58476D1CE4E5B9ULL;
	return hash ^ hash >> 32;
}

/* A thread's step on a shared word. Outside of interleave__explore it is just done. */
static inline __u64 interleave__op(enum interleave_kind kind, __u64 *p, __u64 a, __u64 b)
{
	struct interleave_step step = {kind, p, a, b};
	size_t i = interleave_now.current, at = interleave_now.at;
	__u64 result;

	if (!interleave_now.il || i == INTERLEAVE_THREADS)
		return interleave__perform(&step);
	if (at < interleave_now.thread[i].n) {
		interleave_now.at++;
		return interleave_now.thread[i].log[at];
	}
	if (!interleave_now.may_step || at == INTERLEAVE_STEPS) {
		interleave_now.thread[i].next = step;
		longjmp(interleave_now.leave, 1);
	}
	interleave_now.may_step = false;
	result = interleave__perform(&step);
	interleave_now.thread[i].log[at] = result;
	interleave_now.thread[i].hash[at + 1] = interleave__mix(interleave_now.thread[i].hash[at],
								result);
	interleave_now.at = interleave_now.thread[i].n = at + 1;
	return result;
}

/*
 * What the running thread does from here on depends on nothing that it has read, but for state: so
 * the ways that led here need not be told apart.
 */
static inline void interleave__forget(__u64 state)
{
	if (interleave_now.il && interleave_now.current != INTERLEAVE_THREADS)
		interleave_now.thread[interleave_now.current].hash[interleave_now.at] = state;
}

/* Run a thread to where it is, and one step further if it may. */
static inline void interleave__run(size_t i, bool step)
{
	interleave_now.current = i;
	interleave_now.at = 0;
	interleave_now.may_step = step;
	if (!setjmp(interleave_now.leave)) {
		interleave_now.il->run(i);
		interleave_now.thread[i].done = true;
	}
	interleave_now.current = INTERLEAVE_THREADS;
}

static inline bool interleave__can_run(size_t i)
{
	const struct interleave_step *next = &interleave_now.thread[i].next;

	return !interleave_now.thread[i].done && !(next->kind == STEP_WAIT && *next->p == next->a);
}

static inline void interleave__grow(void)
{
	size_t max = interleave_now.max_visited ? interleave_now.max_visited * 2 : 1 << 12, i, k;
	__u64 *grown = calloc(max, sizeof(*grown));

	if (!grown)
		abort();
	for (i = 0; i < interleave_now.max_visited; i++) {
		if (!interleave_now.visited[i])
			continue;
		for (k = interleave_now.visited[i] & (max - 1); grown[k]; k = (k + 1) & (max - 1))
			;
		grown[k] = interleave_now.visited[i];
	}
	free(interleave_now.visited);
	interleave_now.visited = grown;
	interleave_now.max_visited = max;
}

/* Is this state a new one? */
static inline bool interleave__is_new(void)
{
	const struct interleave *il = interleave_now.il;
	__u64 hash = 1;
	size_t i;

	if (interleave_now.n_visited * 2 >= interleave_now.max_visited)
		interleave__grow();
	for (i = 0; i < il->n_shared; i++)
		hash = interleave__mix(hash, il->shared[i]);
	for (i = 0; i < il->n_threads; i++) {
		hash = interleave__mix(hash,
				       interleave_now.thread[i].hash[interleave_now.thread[i].n]);
	}
	hash += !hash;
	for (i = hash & (interleave_now.max_visited - 1); interleave_now.visited[i];
	     i = (i + 1) & (interleave_now.max_visited - 1))
		if (interleave_now.visited[i] == hash)
			return false;
	interleave_now.visited[i] = hash;
	interleave_now.n_visited++;
	return true;
}

static inline void interleave__tell(struct interleave *il)
{
	static const char *const names[] = {"load", "store", "cas", "and", "add", "wait"};
	size_t n = 0, i;

	for (i = 0; i < interleave_now.depth && n < sizeof(il->trace) - 100; i++) {
		const struct interleave_step *s = &interleave_now.way[i].step;

		n += snprintf(il->trace + n, sizeof(il->trace) - n,
			      "    %zu: %-5s word %2zu  %16llx %16llx -> %llx\n",
			      interleave_now.way[i].thread, names[s->kind],
			      (size_t)(s->p - il->shared), s->a, s->b,
			      interleave_now.way[i].result);
	}
}

static inline const char *interleave__end(struct interleave *il)
{
	size_t i;

	for (i = 0; i < il->n_threads; i++)
		if (!interleave_now.thread[i].done)
			return "nobody can go on";
	il->n_ends++;
	for (i = 0; i < il->n_threads; i++)
		interleave__run(i, false);
	return il->check_end ? il->check_end() : NULL;
}

static inline void interleave__go_on(struct interleave *il)
{
	bool any = false;
	size_t i;

	for (i = 0; i < il->n_threads && !il->wrong; i++) {
		struct interleave_step step = interleave_now.thread[i].next;
		__u64 was;

		if (!interleave__can_run(i))
			continue;
		any = true;
		was = *step.p;
		interleave__run(i, true);
		interleave_now.way[interleave_now.depth].thread = i;
		interleave_now.way[interleave_now.depth].step = step;
		interleave_now.way[interleave_now.depth++].result = was;
		if (interleave_now.thread[i].n == INTERLEAVE_STEPS)
			il->wrong = "a thread does not come to an end";
		else if (interleave__is_new()) {
			il->n_states++;
			if (il->check)
				il->wrong = il->check(i, interleave_now.thread[i].done);
			if (!il->wrong)
				interleave__go_on(il);
		}
		if (il->wrong)
			break;
		interleave_now.depth--;
		/* take the step back */
		*step.p = was;
		interleave_now.thread[i].n--;
		interleave_now.thread[i].done = false;
		interleave_now.thread[i].next = step;
	}
	if (!any)
		il->wrong = interleave__end(il);
}

/* Go through all orders, from the shared words as they are. Stops at the first that is wrong. */
static inline void interleave__explore(struct interleave *il)
{
	size_t i;

	memset(&interleave_now, 0, sizeof(interleave_now));
	interleave_now.il = il;
	il->n_states = il->n_ends = 0;
	il->wrong = NULL;
	il->trace[0] = 0;
	for (i = 0; i < il->n_threads; i++)
		interleave__run(i, false);
	interleave__go_on(il);
	if (il->wrong)
		interleave__tell(il);
	free(interleave_now.visited);
	interleave_now.il = NULL;
}
#endif
