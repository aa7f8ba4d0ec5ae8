/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs whose stacks are known to leak or not, hundreds of each with different rates, sizes and
 * intervals of a millisecond to hours, block by block through the model.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "report/model.h"

#define SEEDS 200
#define MAX_BLOCKS 200000

struct block {
	double born, dies;
	uint64_t size;
};

/* One stack's blocks over the whole time, and how it is looked at. Times in intervals. */
struct program {
	struct block blocks[MAX_BLOCKS];
	size_t n;
	double interval_ns;
	unsigned int reports;
	bool started;
	uint64_t older_ns;
	uint64_t random;
};

static struct program program;

static double uniform(struct program *p)
{
	/* splitmix64 */
	uint64_t z = p->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (double)((z ^ z >> 31) >> 11) / (double)(1ULL << 53);
}

static double between(struct program *p, double low, double high)
{
	return low + (high - low) * uniform(p);
}

/* As evenly over the orders of magnitude. */
static double scale(struct program *p, double low, double high)
{
	return low * pow(high / low, uniform(p));
}

static double exponential(struct program *p, double mean)
{
	return -mean * log(1 - uniform(p));
}

static void begin(struct program *p, unsigned int seed)
{
	p->n = 0;
	p->random = seed;
	p->interval_ns = scale(p, 1e6, 1e13);
	p->started = uniform(p) < 0.5;
	p->older_ns = 0;
}

static void add(struct program *p, double born, double dies)
{
	if (p->n < MAX_BLOCKS)
		p->blocks[p->n++] = (struct block){born, dies, (uint64_t)scale(p, 16, 4096)};
}

static int stack_of(uint64_t key, struct model_stack *out, void *arg)
{
	(void)key;
	(void)arg;
	out->frames = calloc(1, sizeof(*out->frames));
	out->n_frames = 1;
	return 0;
}

typedef void (*report_fn)(const struct report *r, unsigned int i, void *arg);

static void add_all(struct model *m, const struct program *p, double now)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct block *b = &p->blocks[i];
		struct model_block block = {
			.addr = i + 1,
			.size = b->size,
			.birth_ns = (uint64_t)(b->born * p->interval_ns),
			.stack = 1,
			.entry = "malloc",
		};

		if (b->born <= now && b->dies > now)
			CHECK_EQ(model__add(m, &block), 0);
	}
}

/* What the last report says; fn sees them all. */
static struct site_verdict trace(const struct program *p, report_fn fn, void *arg)
{
	const struct model_opts opts = {.started = p->started, .older_ns = p->older_ns};
	struct model *m = model__new(&opts, stack_of, NULL);
	struct site_verdict last = {0};
	unsigned int i;

	model__start(m, 0);
	for (i = 1; i <= p->reports; i++) {
		struct report *r = NULL;

		CHECK_EQ(model__begin(m, (uint64_t)(i * p->interval_ns), false), 0);
		add_all(m, p, i);
		CHECK_EQ(model__finish(m, &r), 0);
		if (r->n_sites)
			last = r->sites[0].verdict;
		if (fn)
			fn(r, i, arg);
		report__free(r);
	}
	model__free(m);
	return last;
}

/* Blocks that come one by one, rate of them in an interval. */
static void stream(struct program *p, double from, double to, double rate, double life)
{
	double t;

	for (t = from + exponential(p, 1 / rate); t < to; t += exponential(p, 1 / rate))
		add(p, t, life == INFINITY ? INFINITY : t + exponential(p, life));
}

/* --- the programs --- */

/* A list that grows for ever; often with blocks from the same stack that are freed soon. */
static void leaks(struct program *p)
{
	double rate = scale(p, 3, 300);

	p->reports = (unsigned int)between(p, 8, 80);
	stream(p, between(p, 0, 3), p->reports, rate, INFINITY);
	if (uniform(p) < 0.5)
		stream(p, 0, p->reports, scale(p, 0.1, 3) * rate, scale(p, 0.05, 0.8));
}

/* A table that is loaded at the start. */
static void loads(struct program *p)
{
	size_t i, n = (size_t)scale(p, 1, 3000);
	double until = between(p, 0, 0.9);

	p->started = true;
	p->reports = (unsigned int)between(p, 5, 80);
	for (i = 0; i < n; i++)
		add(p, between(p, 0, until), INFINITY);
}

/* What is full drops one for each that comes: the oldest, or any. */
static void keep_full(struct program *p, size_t capacity, double from, double rate, bool oldest)
{
	size_t first = p->n - capacity;
	double t;

	for (t = from + exponential(p, 1 / rate); t < p->reports; t += exponential(p, 1 / rate)) {
		size_t old = first, i;

		if (oldest)
			first++;
		else
			do {
				old = first + (size_t)between(p, 0, (double)(p->n - first));
				i = p->blocks[old].dies != INFINITY;
			} while (i);
		p->blocks[old].dies = t;
		add(p, t, INFINITY);
	}
}

/* A cache that fills and then stays, its blocks unchanged or replaced now and then. */
static void fills(struct program *p)
{
	double fill = between(p, 4, 25), how = uniform(p), t;
	size_t capacity = (size_t)scale(p, 40, 2000), i;

	p->reports = (unsigned int)(fill * between(p, 2, 4));
	for (i = 0; i < capacity; i++) {
		t = ((double)i + uniform(p)) / (double)capacity;
		/* evenly, or ever more slowly, as the hits become more */
		add(p, how < 0.5 ? t * fill : -log(1 - t * 0.99) * fill / -log(0.01), INFINITY);
	}
	if (uniform(p) < 0.6)
		keep_full(p, capacity, fill, (double)capacity / fill * between(p, 0.05, 0.5),
			  uniform(p) < 0.5);
}

/* A queue that breathes: load comes in waves, the oldest is served first. */
static void breathes(struct program *p)
{
	double period = between(p, 3, 12), rate = scale(p, 20, 400), t, served = 0;
	double phase = uniform(p), depth = between(p, 0.6, 0.95);

	p->reports = (unsigned int)(period * between(p, 3, 8));
	for (t = exponential(p, 1 / rate); t < p->reports; t += exponential(p, 1 / rate)) {
		double wave = 1 + depth * sin(2 * M_PI * (t / period + phase));

		if (uniform(p) > wave / (1 + depth))
			continue;
		/* a server that is faster than the load on the average */
		served = fmax(served, t) + exponential(p, (1 + depth) / (1.3 * rate));
		add(p, t, served);
	}
}

/* A cache that grows, but drops some of its blocks, whatever their age. */
static void evicts(struct program *p)
{
	double rate = scale(p, 50, 500);

	p->reports = (unsigned int)between(p, 16, 60);
	stream(p, 0, p->reports, rate, p->reports * between(p, 0.7, 1.5));
}

static const struct {
	const char *name;
	void (*run)(struct program *p);
	enum verdict_kind kind;
} cases[] = {
	{"list", leaks, VERDICT_LEAKING},    {"table", loads, VERDICT_STARTUP},
	{"cache", fills, VERDICT_PLATEAU},   {"queue", breathes, VERDICT_CHURN},
	{"eviction", evicts, VERDICT_CACHE},
};

/* At no report may what does not leak be said to. */
static void count_false(const struct report *r, unsigned int i, void *arg)
{
	unsigned int *n = arg;

	(void)i;
	*n += r->n_sites && r->sites[0].verdict.kind == VERDICT_LEAKING;
}

static void judge_all(unsigned int c)
{
	unsigned int seed, wrong = 0, false_alarms = 0;

	for (seed = 0; seed < SEEDS; seed++) {
		struct site_verdict v;

		begin(&program, seed * 16 + c);
		cases[c].run(&program);
		v = trace(&program, count_false, &false_alarms);
		if (v.kind == cases[c].kind)
			continue;
		printf("  %s, seed %u: %s: %s (%u %%), %u reports, %zu blocks\n", cases[c].name,
		       seed, site_verdict__word(v.kind), site_verdict__reason(v.reason), v.sure,
		       program.reports, program.n);
		wrong++;
	}
	/* the last digits of log and sin are not the same everywhere */
	CHECK(wrong <= SEEDS / 100);
	if (cases[c].kind == VERDICT_STARTUP || cases[c].kind == VERDICT_CHURN)
		CHECK_EQ(false_alarms, 0);
}

static void list(void)
{
	judge_all(0);
}

static void table(void)
{
	judge_all(1);
}

static void cache(void)
{
	judge_all(2);
}

static void queue(void)
{
	judge_all(3);
}

static void eviction(void)
{
	judge_all(4);
}

/* --- one of each reason --- */

static void add_n(struct program *p, size_t n, double born)
{
	while (n--)
		add(p, born, INFINITY);
}

/* Half-way through every interval of the first come, first served: length[i] of them wait. */
static void line_up(struct program *p, const size_t *length, size_t n, size_t served)
{
	size_t i, out = 0;

	for (i = 0; i < n; i++) {
		for (size_t k = 0; k < served && out < p->n; k++)
			p->blocks[out++].dies = (double)i + 0.5;
		while (p->n - out > length[i])
			p->blocks[out++].dies = (double)i + 0.5;
		add_n(p, length[i] - (p->n - out), (double)i + 0.5);
	}
}

static void check_verdict(unsigned int reports, enum verdict_kind kind, enum verdict_reason reason)
{
	struct site_verdict v;

	program.reports = reports;
	v = trace(&program, NULL, NULL);
	CHECK_STR(site_verdict__word(v.kind), site_verdict__word(kind));
	CHECK_STR(site_verdict__reason(v.reason), site_verdict__reason(reason));
	CHECK(kind == VERDICT_EARLY ? !v.sure : v.sure > 50 && v.sure <= 99);
	CHECK((kind == VERDICT_LEAKING || kind == VERDICT_CACHE) == (v.bytes_per_hour > 0));
}

static void begin_case(double interval_ns, bool started)
{
	begin(&program, 1);
	program.interval_ns = interval_ns;
	program.started = started;
}

/* Too few reports say nothing; a table of which a little more comes each time says nothing soon. */
static void too_early(void)
{
	size_t i;

	begin_case(1e9, true);
	add_n(&program, 1000, 0.5);
	for (i = 1; i < 30; i++)
		add_n(&program, 1, (double)i + 0.5);
	for (i = 1; i < 4; i++)
		check_verdict((unsigned int)i, VERDICT_EARLY, REASON_FEW_REPORTS);
	check_verdict(4, VERDICT_EARLY, REASON_STILL_RISING);
	for (i = 8; i < 30; i += 7)
		check_verdict((unsigned int)i, VERDICT_LEAKING, REASON_NONE_FREED);
	begin_case(1e9, true);
	add_n(&program, 100, 0.5);
	add_n(&program, 100, 9.5);
	check_verdict(9, VERDICT_STARTUP, REASON_FROM_START);
	check_verdict(10, VERDICT_EARLY, REASON_NOT_STEADY);
	check_verdict(20, VERDICT_PLATEAU, REASON_STAYS);
}

/* A running program was attached to: what comes first is from no start. */
static void not_from_start(void)
{
	begin_case(1e12, false);
	add_n(&program, 100, 0.5);
	check_verdict(10, VERDICT_PLATEAU, REASON_STAYS);
	program.started = true;
	check_verdict(10, VERDICT_STARTUP, REASON_FROM_START);
	/* started, but late */
	begin_case(1e12, true);
	add_n(&program, 1, 0.5);
	add_n(&program, 100, 5.5);
	check_verdict(20, VERDICT_PLATEAU, REASON_STAYS);
}

static void slows_down(void)
{
	size_t i;

	begin_case(1e7, true);
	for (i = 0; i < 2000; i++)
		add(&program, -4 * log(1 - ((double)i + 0.5) / 2000), INFINITY);
	check_verdict(8, VERDICT_CACHE, REASON_SLOWS_DOWN);
	check_verdict(80, VERDICT_PLATEAU, REASON_STAYS);
}

/* A pool of buffers that are in use for a moment each: level, but nothing stays. */
static void replaced(void)
{
	begin_case(1e9, false);
	stream(&program, 0, 20, 8000, 0.2);
	check_verdict(20, VERDICT_CHURN, REASON_REPLACED);
}

/* It has only just become higher than before, and nothing that was there is left. */
static void rises_again(void)
{
	static const size_t again[] = {100, 90, 75, 60, 45, 30, 20, 25, 45, 70, 100, 135, 180};
	static const size_t less[] = {200, 180, 160, 140, 120, 100, 80, 60, 40, 20};

	begin_case(1e10, false);
	line_up(&program, again, 13, 15);
	check_verdict(13, VERDICT_CHURN, REASON_COMES_AND_GOES);
	begin_case(1e10, false);
	line_up(&program, less, 10, 1);
	check_verdict(10, VERDICT_CHURN, REASON_BECOMES_LESS);
}

/* Young blocks are not in the reports, so they are no cohort either: nothing is lost or new. */
static void leaves_out_young(void)
{
	begin_case(1e9, false);
	stream(&program, 0, 40, 100, INFINITY);
	program.older_ns = 700000000;
	check_verdict(40, VERDICT_LEAKING, REASON_NONE_FREED);
}

int main(void)
{
	RUN(too_early);
	RUN(not_from_start);
	RUN(slows_down);
	RUN(replaced);
	RUN(rises_again);
	RUN(leaves_out_young);
	RUN(eviction);
	RUN(list);
	RUN(table);
	RUN(cache);
	RUN(queue);
	return check_done();
}
