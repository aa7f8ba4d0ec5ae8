/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traps.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg.h"
#include "probes.h"
#include "session.h"
#include "target/addrspace.h"
#include "target/text.h"
#include "unwind/tables.h"

/*
 * Points that a call may meet, by the proof's count: entry and return cost about one and a half,
 * the return probe being the cheaper one. More, where entry or return is single-stepped.
 */
#define MAX_HITS 1.4
#define MAX_HITS_STEPPED 8.0
/* The analysis only guesses which ways are common. */
#define GUESS 1.1

/* Of the start: what all analyses of code may take. */
#define MAX_ANALYSES 24

enum stage {
	STAGE_PROOF,
	STAGE_USED,  /* the points record, entry and return are still attached */
	STAGE_ALONE, /* they are detached */
	STAGE_DROPPED,
};

/*
 * A program that fills its memory goes the slow ways for a while, which meet more points. So what
 * the last TRAP_PROOF_CALLS calls met decides, until there have been so many.
 */
#define MAX_PROOF_CALLS (256ULL * TRAP_PROOF_CALLS)

/* How often to try in quick succession to detach entry and return. */
#define MAX_TRIES 1000

struct traps {
	struct session *session;
	struct tables *tables;
	bool unproven;
	FILE *log;
	size_t n_analyses;
	struct followed {
		const char *symbol;
		const struct image *image;
		uint64_t point[POINTS_MAX]; /* vaddrs */
		size_t n_points;
		bool stepped; /* its entry or return */
		enum stage stage;
		uint64_t calls, hits; /* of the proof, when it was looked at */
		unsigned int tries;   /* to detach entry and return */
	} function[MAX_TRAPS];
};

struct traps *traps__new(struct session *session, struct tables *tables, bool unproven, FILE *log)
{
	struct traps *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->session = session;
	t->tables = tables;
	t->unproven = unproven;
	t->log = log;
	return t;
}

void traps__free(struct traps *t)
{
	free(t);
}

static double max_hits(bool stepped)
{
	return stepped ? MAX_HITS_STEPPED : MAX_HITS;
}

struct extent {
	uint64_t vaddr, bytes;
};

static int measure(const struct elf_sym *sym, void *arg)
{
	struct extent *e = arg;

	if (sym->is_defined && sym->vaddr == e->vaddr && sym->size > e->bytes)
		e->bytes = sym->size;
	return 0;
}

/* Would a stack walk from whatever the function calls know that it is an allocator? */
static bool is_known_by_rows(const struct traps *t, const struct image *image,
			     const struct points *p)
{
	uint64_t start, end;
	size_t i;

	for (i = 0; i < p->n_calls; i++)
		if (!tables__row(t->tables, image, p->calls[i] - 1, &start, &end) ||
		    !points__holds(image->elf, p, start, end))
			return false;
	return true;
}

static bool ends_in_other(const struct traps_query *q, const struct points *p)
{
	size_t i;

	for (i = 0; i < q->n_others; i++)
		if (points__contains(p, q->others[i]))
			return true;
	return false;
}

static int add(struct traps *t, const struct traps_query *q, const struct points *p,
	       struct traps_plan *out)
{
	struct trap_point points[POINTS_MAX];
	uint32_t first;
	size_t i;

	_Static_assert(POINT_NULL == (int)TRAP_NULL && POINT_STACK == (int)TRAP_STACK &&
			       POINT_GOES_ON == TRAP_GOES_ON && POINT_TAKEN == TRAP_TAKEN,
		       "the same values");
	_Static_assert(POINT_RESULT == (int)TRAP_RESULT && POINT_BEGIN == (int)TRAP_BEGIN &&
			       POINT_END == (int)TRAP_END,
		       "the same values");
	for (i = 0; i < p->n; i++) {
		const struct point *from = &p->point[i];

		points[i] = (struct trap_point){
			.cookie = q->cookie & ~PROBE_COOKIE_BY_EXIT,
			.kind = from->kind,
			.ptr = from->ptr,
			.size = from->size,
			.fp = from->fp,
			.ways = from->ways,
			.cc = from->cc & 15,
			.size_at = from->size_at,
			.fp_at = from->fp_at,
			.depth = from->depth,
		};
		if (!elfimg__vaddr_to_offset(q->image->elf, from->vaddr, &out->offset[i]))
			return -EINVAL;
	}
	out->number = session__add_trap(t->session, points, p->n, &first);
	if (out->number < 0)
		return out->number;
	out->n = p->n;
	for (i = 0; i < p->n; i++)
		out->cookie[i] = first + i;
	for (i = 0; i < p->n_calls; i++)
		tables__mark(t->tables, q->image, p->calls[i] - 1);
	t->function[out->number] = (struct followed){
		.symbol = entry_points[q->entry].symbol,
		.image = q->image,
		.n_points = p->n,
		.stepped = q->stepped,
		.stage = t->unproven ? STAGE_ALONE : STAGE_PROOF,
	};
	for (i = 0; i < p->n; i++)
		t->function[out->number].point[i] = p->point[i].vaddr;
	if (t->unproven)
		session__use_points(t->session, out->number);
	return 0;
}

int traps__plan(struct traps *t, const struct traps_query *q, struct traps_plan *out)
{
	const struct entry_point *e = &entry_points[q->entry];
	struct points_query code = {
		.vaddr = q->vaddr, .size_arg = e->size_arg, .count_arg = e->count_arg};
	struct extent extent = {.vaddr = q->vaddr};
	struct points points = {0};
	int err;

	memset(out, 0, sizeof(*out));
	if (e->op != PROBE_OP_ALLOC || t->n_analyses == MAX_ANALYSES)
		return -ENOENT;
	t->n_analyses++;
	elfimg__for_each_sym(q->image->elf, measure, &extent);
	code.bytes = extent.bytes;
	code.max_traps = GUESS * max_hits(q->stepped);
	if (t->unproven)
		code.max_traps = MAX_TRAPS; /* whatever it costs */
	/* what is analysed is the file; who has patched the code in memory knows better */
	if (text__intact(q->as, q->image, q->vaddr, extent.bytes) != extent.bytes)
		return -ENOENT;
	err = points__find(q->image->elf, &code, &points);
	if (!err && (ends_in_other(q, &points) || !is_known_by_rows(t, q->image, &points)))
		err = -ENOENT;
	if (!err)
		err = add(t, q, &points, out);
	points__clear(&points);
	return err;
}

size_t traps__points(const struct traps *t, int number, const uint64_t **points)
{
	if (points)
		*points = t->function[number].point;
	return t->function[number].n_points;
}

bool traps__is_alone(const struct traps *t, int number)
{
	return t->function[number].stage == STAGE_ALONE;
}

/* One line on a function that has points. */
__attribute__((format(printf, 3, 4))) static void say(struct traps *t, const struct followed *f,
						      const char *fmt, ...)
{
	va_list args;

	if (!t->log)
		return;
	fprintf(t->log, "memleak-bpf: %s in %s: ", f->symbol, f->image->name);
	va_start(args, fmt);
	vfprintf(t->log, fmt, args);
	va_end(args);
	fputc('\n', t->log);
}

static void drop(struct traps *t, int number, struct followed *f)
{
	session__drop_points(t->session, number);
	f->stage = STAGE_DROPPED;
}

void traps__notice(struct traps *t, int number)
{
	const struct trap *trap;
	uint64_t calls, met;
	struct followed *f;
	double hits;

	if (number <= 0 || number >= MAX_TRAPS || !t->function[number].symbol)
		return;
	f = &t->function[number];
	trap = session__trap(t->session, number);
	if (f->stage != STAGE_PROOF)
		return;
	if (trap->mode == TRAP_OFF) {
		say(t, f, "entry and return stay: the kernel refuses to probe its points");
		f->stage = STAGE_DROPPED;
		return;
	}
	if (trap->wrong) {
		say(t, f, "entry and return stay: its points were wrong about a call");
		drop(t, number, f);
		return;
	}
	/* what is counted meanwhile is too little to matter */
	calls = __atomic_load_n(&trap->calls, __ATOMIC_RELAXED);
	met = __atomic_load_n(&trap->hits, __ATOMIC_RELAXED);
	if (calls - f->calls < TRAP_PROOF_CALLS)
		return;
	hits = (double)(met - f->hits) / (double)(calls - f->calls);
	f->calls = calls;
	f->hits = met;
	if (hits > max_hits(f->stepped)) {
		if (calls < MAX_PROOF_CALLS)
			return;
		say(t, f, "entry and return stay: a call meets %.2f points", hits);
		drop(t, number, f);
		return;
	}
	say(t, f, "followed by its points from now on: %llu calls agreed, %.2f points each",
	    (unsigned long long)calls, hits);
	session__use_points(t->session, number);
	f->stage = STAGE_USED;
}

bool traps__settle(struct traps *t)
{
	struct followed *f;
	bool soon = false;
	int i;

	for (i = 1; i < MAX_TRAPS; i++) {
		f = &t->function[i];
		traps__notice(t, i); /* a notification may be lost */
		if (f->stage != STAGE_USED)
			continue;
		if (!session__drop_calls(t->session, i)) {
			/* a thread may also sleep in there for ever */
			soon |= f->tries++ < MAX_TRIES;
			continue;
		}
		f->stage = STAGE_ALONE;
		say(t, f, "entry and return are detached");
	}
	return soon;
}
