/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/judgement.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reach/blocksort.h"
#include "reach/capture.h"
#include "reach/heap.h"
#include "reach/holders.h"
#include "reach/mark.h"
#include "reach/memcopy.h"
#include "reach/ranges.h"
#include "reach/rootname.h"
#include "reach/roots.h"
#include "reach/stop.h"
#include "reach/together.h"
#include "reach/vtables.h"

struct id {
	uint64_t birth;
	uint32_t stack;
};

struct judgement {
	struct mark_block *block; /* by address and size, once they are judged */
	struct id *id;		  /* by block[].tag */
	size_t n, max;
	/* by whom: but for blocks that others lie in */
	struct mark_block *held; /* by address */
	size_t n_held;
	struct holders *holders; /* its memory is gone: only to be asked */
	struct maps maps;
	struct rootname_thread *thread;
	size_t n_threads;
};

/* All that one scan needs for a while. */
struct scan {
	pid_t pid;
	const struct judgement_opts *opts;
	struct report_reach *how;
	struct judgement *v;
	struct capture c;
	struct ranges dead, heaps;
	struct vtables *vtables;
	struct marker *marker;
};

_Static_assert(sizeof(((struct report_reach *)NULL)->why_not) == CAPTURE_WHY_NOT,
	       "the same sentences");

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

__attribute__((format(printf, 3, 4))) static int fail(struct scan *s, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->how->why_not, sizeof(s->how->why_not), fmt, args);
	va_end(args);
	return err;
}

static int make_room(struct judgement *v, size_t max)
{
	struct mark_block *blocks = reallocarray(v->block, max, sizeof(*blocks));
	struct id *ids;

	if (!blocks)
		return -ENOMEM;
	v->block = blocks;
	ids = reallocarray(v->id, max, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	v->id = ids;
	v->max = max;
	return 0;
}

static int add_block(const struct judgement_block *b, void *to)
{
	struct judgement *v = to;

	if (v->n == v->max && make_room(v, v->max ? v->max * 2 : 4096))
		return -ENOMEM;
	v->block[v->n] =
		(struct mark_block){.addr = b->addr, .size = b->size, .tag = v->n, .held = b->held};
	v->id[v->n++] = (struct id){b->birth, b->stack};
	return 0;
}

/*
 * Add the blocks that there are now, to have the memory for them, and forget them again: while the
 * target stands still no page of it has to be got.
 */
static int count_blocks(struct scan *s, size_t *n)
{
	int err = s->opts->blocks(add_block, s->v, s->opts->arg);

	*n = s->v->n;
	if (!err)
		err = make_room(s->v, *n + *n / 16 + 4096);
	if (!err) {
		memset(s->v->block + *n, 0, (s->v->max - *n) * sizeof(*s->v->block));
		memset(s->v->id + *n, 0, (s->v->max - *n) * sizeof(*s->v->id));
	}
	s->v->n = 0;
	return err;
}

static int64_t note_blocks(bool stopped, void *arg)
{
	struct scan *s = arg;
	size_t n = 0;
	int err = stopped ? s->opts->blocks(add_block, s->v, s->opts->arg) : count_blocks(s, &n);

	return err ? err : (int64_t)(stopped ? s->v->n : n);
}

static int find_dead(struct scan *s, const struct stop_thread *threads, size_t n)
{
	struct heap_opts opts = {.all_known = s->opts->all_known};
	uint64_t *tls = calloc(n + 1, sizeof(*tls));
	struct heap_found found;
	size_t i;
	int err;

	if (!tls)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		tls[i] = threads[i].tls;
	opts.tls = tls;
	opts.n_tls = n;
	err = heap__find(s->c.memory, &s->c.maps, &opts, &s->dead, &s->heaps, &found);
	if (!err)
		err = roots__find_dead_stacks(s->c.memory, &s->c.maps, threads, n, s->opts->at_call,
					      &s->dead);
	ranges__settle(&s->dead);
	ranges__settle(&s->heaps);
	free(tls);
	return err;
}

struct sum {
	const struct scan *s;
	uint64_t bytes;
};

static int sum_root(uint64_t start, uint64_t end, void *arg)
{
	struct sum *sum = arg;
	const struct memcopy_run *run;
	size_t n, i;

	run = memcopy__runs(sum->s->c.memory, &n);
	for (i = memcopy__first(sum->s->c.memory, start); i < n && run[i].start < end; i++)
		sum->bytes += (end < run[i].end ? end : run[i].end) -
			      (start > run[i].start ? start : run[i].start);
	return 0;
}

/* Memory of the heap that is in no block, and was looked at all the same. */
static int sum_heap_roots(struct scan *s)
{
	struct ranges known = {0};
	struct sum sum = {.s = s};
	bool all_dead = true;
	size_t i;
	int err = 0;

	for (i = 0; i < s->heaps.n; i++) {
		const struct range *h = &s->heaps.range[i];

		all_dead &= ranges__covered(&s->dead, h->start, h->end) == h->end - h->start;
	}
	if (all_dead)
		return 0;

	for (i = 0; !err && i < s->dead.n; i++)
		err = ranges__add(&known, s->dead.range[i].start, s->dead.range[i].end);
	for (i = 0; !err && i < s->v->n; i++)
		err = ranges__add(&known, s->v->block[i].addr,
				  s->v->block[i].addr + s->v->block[i].size);
	ranges__settle(&known);
	for (i = 0; !err && i < s->heaps.n; i++)
		ranges__outside(&known, s->heaps.range[i].start, s->heaps.range[i].end, sum_root,
				&sum);
	s->how->heap_roots = sum.bytes;
	ranges__clear(&known);
	return err;
}

/* Contents that are not known might point to anything. */
static int check_readable(struct scan *s)
{
	const struct mapping *m = NULL;
	uint64_t blind = 0;
	size_t i;

	for (i = 0; i < s->v->n; i++) {
		uint64_t addr = s->v->block[i].addr;

		if (!m || addr < m->start || addr >= m->end)
			m = maps__find(&s->c.maps, addr);
		blind += !m || !m->read;
	}
	return blind ? fail(s, -EACCES, "%" PRIu64 " blocks are in memory without access", blind)
		     : 0;
}

static int compare(uint64_t addr_a, uint64_t size_a, uint64_t addr_b, uint64_t size_b)
{
	if (addr_a != addr_b)
		return addr_a < addr_b ? -1 : 1;
	return (size_a > size_b) - (size_a < size_b);
}

static int compare_blocks(const void *pa, const void *pb)
{
	const struct mark_block *a = pa, *b = pb;

	return compare(a->addr, a->size, b->addr, b->size);
}

/* The marker has sorted them, but for pools. */
static void sort(struct judgement *v)
{
	size_t i;

	for (i = 1; i < v->n; i++)
		if (compare_blocks(&v->block[i - 1], &v->block[i]) > 0) {
			blocksort__by_address(v->block, v->n);
			return;
		}
}

static int outermost_first(const void *pa, const void *pb)
{
	const struct mark_block *a = pa, *b = pb;

	return compare(a->addr, b->size, b->addr, a->size);
}

/* What others lie in holds them as any root does. */
static int list_held(struct judgement *v)
{
	size_t i, n = 0;

	v->held = calloc(v->n + 1, sizeof(*v->held));
	if (!v->held)
		return -ENOMEM;
	memcpy(v->held, v->block, v->n * sizeof(*v->held));
	qsort(v->held, v->n, sizeof(*v->held), outermost_first);
	for (i = 0; i < v->n; i++) {
		const struct mark_block *b = &v->held[i];

		if (i + 1 == v->n || v->held[i + 1].addr - b->addr >= (b->size ? b->size : 1))
			v->held[n++] = *b;
	}
	v->n_held = n;
	return 0;
}

static int find_holders(struct scan *s, const struct stop_thread *threads, size_t n)
{
	struct judgement *v = s->v;
	size_t i;
	int err = list_held(v);

	if (!err)
		err = holders__new(s->c.memory, v->held, v->n_held, &v->holders);
	if (err)
		return err;
	v->thread = calloc(n + 1, sizeof(*v->thread));
	if (!v->thread)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		v->thread[i] = (struct rootname_thread){threads[i].tid, threads[i].sp,
							threads[i].tls};
	v->n_threads = n;
	roots__hold(v->holders, &s->c.maps, threads, n, s->opts->at_call, &s->dead);
	v->maps = s->c.maps; /* needed no more there */
	s->c.maps = (struct maps){0};
	return 0;
}

/* Two steps of two parts each, which do not depend on each other: there may be two CPUs. */
struct judging {
	struct scan *s;
	const struct stop_thread *threads;
	size_t n;
	int err[2]; /* of the parts */
};

static void prepare(size_t part, void *arg)
{
	struct judging *j = arg;
	struct scan *s = j->s;
	const struct marker_opts opts = {.is_vtable = vtables__is_one, .arg = s->vtables};

	if (part == 0)
		j->err[0] = find_dead(s, j->threads, j->n);
	else
		j->err[1] = marker__new(s->c.memory, s->v->block, s->v->n, &opts, &s->marker);
}

static void mark(size_t part, void *arg)
{
	struct judging *j = arg;
	struct scan *s = j->s;

	if (part == 0) {
		roots__mark(s->marker, &s->c.maps, j->threads, j->n, s->opts->at_call, &s->dead);
		marker__finish(s->marker);
	} else {
		j->err[1] = sum_heap_roots(s);
	}
}

static int in_parts(void (*step)(size_t part, void *arg), struct judging *j)
{
	together__do(0, 2, step, j);
	return j->err[0] ? j->err[0] : j->err[1];
}

static int judge(struct scan *s)
{
	struct judging j = {.s = s};
	uint64_t began = now_ns();
	int err;

	j.threads = stop__threads(s->c.stop, &j.n);
	s->vtables = vtables__new(s->pid, &s->c.maps);
	err = s->vtables ? in_parts(prepare, &j) : -ENOMEM;
	if (err)
		return fail(s, err, "there is no memory for judging %zu blocks", s->v->n);
	err = check_readable(s);
	if (err)
		return err;
	err = in_parts(mark, &j);
	sort(s->v);
	s->how->mark_ns = now_ns() - began;
	if (!err && s->opts->by_whom)
		err = find_holders(s, j.threads, j.n);
	if (err)
		return fail(s, err, "there is no memory for judging %zu blocks", s->v->n);
	return capture__let_go(&s->c, s->how->why_not);
}

int judgement__scan(pid_t pid, const struct judgement_opts *opts, struct report_reach *how,
		    struct judgement **out)
{
	struct scan s = {.pid = pid, .opts = opts, .how = how};
	int err;

	*out = NULL;
	how->why_not[0] = '\0';
	s.v = calloc(1, sizeof(*s.v));
	err = s.v ? 0 : fail(&s, -ENOMEM, "there is no memory");
	if (!err) {
		const struct capture_opts how_to = {.max_pause_ns = opts->max_pause_ns,
						    .max_memory = opts->max_memory,
						    .unasked = opts->unasked,
						    .may_wait = true,
						    .note = note_blocks,
						    .arg = &s};

		err = capture__take(pid, &how_to, &s.c, how->why_not);
		how->copied = s.c.copied;
	}
	if (!err)
		err = judge(&s);
	if (s.c.pause_ns > how->pause_ns)
		how->pause_ns = s.c.pause_ns;
	how->swapped += s.c.swapped;
	if (!err) {
		*out = s.v;
		s.v = NULL;
	}
	marker__free(s.marker);
	vtables__free(s.vtables);
	ranges__clear(&s.dead);
	ranges__clear(&s.heaps);
	capture__clear(&s.c);
	judgement__free(s.v);
	return err;
}

void judgement__free(struct judgement *v)
{
	if (!v)
		return;
	free(v->block);
	free(v->id);
	free(v->held);
	holders__free(v->holders);
	maps__clear(&v->maps);
	free(v->thread);
	free(v);
}

/* NULL: it was not there. */
static struct mark_block *find(const struct judgement *v, uint64_t addr, uint64_t size,
			       const struct id *id)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare(v->block[mid].addr, v->block[mid].size, addr, size) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == v->n || compare(v->block[low].addr, v->block[low].size, addr, size) ||
	    v->id[v->block[low].tag].birth != id->birth ||
	    v->id[v->block[low].tag].stack != id->stack)
		return NULL;
	return &v->block[low];
}

static bool is_lost(const struct mark_block *b)
{
	return b->kind == REACH_DEFINITE || b->kind == REACH_INDIRECT;
}

void judgement__confirm(struct judgement *v, const struct judgement *before)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		struct mark_block *b = &v->block[i], *then;

		then = find(before, b->addr, b->size, &v->id[b->tag]);
		if (!then)
			b->kind = REACH_UNJUDGED;
		else if (is_lost(b) && !is_lost(then))
			b->kind = then->kind;
		else if (b->kind == REACH_POSSIBLE && then->kind == REACH_REACHABLE)
			b->kind = REACH_REACHABLE;
		if (b->kind != REACH_DEFINITE)
			b->under_bytes = b->under_count = 0;
	}
}

struct judgement_of judgement__find(const struct judgement *v, const struct judgement_block *b)
{
	const struct id id = {b->birth, b->stack};
	const struct mark_block *found = v ? find(v, b->addr, b->size, &id) : NULL;

	if (!found)
		return (struct judgement_of){.kind = REACH_UNJUDGED};
	return (struct judgement_of){found->kind, found->under_bytes, found->under_count};
}

bool judgement__way(const struct judgement *v, uint64_t addr, struct judgement_way *out)
{
	size_t low = 0, high = v->n_held;
	struct holder h;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->held[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == v->n_held || v->held[low].addr != addr)
		return false;
	h = holders__of(v->holders, low);
	if (h.block == HOLDERS_NONE)
		return false;
	*out = (struct judgement_way){
		.at = h.at,
		.holder = h.block == HOLDERS_ROOT ? 0 : v->held[h.block].addr,
		.root = holders__root(v->holders, low),
		.steps = holders__steps(v->holders, low),
	};
	return true;
}

const struct maps *judgement__maps(const struct judgement *v)
{
	return &v->maps;
}

const struct rootname_thread *judgement__threads(const struct judgement *v, size_t *n)
{
	*n = v->n_threads;
	return v->thread;
}
