/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model against adding up the slow way: every block against every site. */
#include "check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "report/model.h"

#define MS 1000000ULL
#define NOW (1000000 * MS)

static int calls, fail_key;

/*
 * Keys 1000 to 1999: one frame each. 2000 to 2999: two frames, equal for keys that end in the same
 * digit; those below 2100 are cut. 3000 to 3999 are lost.
 */
static int stack_of(uint64_t key, struct model_stack *out, void *arg)
{
	size_t n = key < 2000 ? 1 : 2, i;

	calls++;
	CHECK(arg == &calls);
	if (key == (uint64_t)fail_key)
		return -ENOMEM;
	if (key >= 3000) {
		out->lost = true;
		return 0;
	}
	out->frames = calloc(n, sizeof(*out->frames));
	out->n_frames = n;
	out->cut = key >= 2000 && key < 2100 ? "why" : NULL;
	for (i = 0; i < n; i++) {
		out->frames[i].addr = (key < 2000 ? key : key % 10) + i * 100;
		out->frames[i].function = strdup("f");
		out->frames[i].image = strdup("image");
	}
	return 0;
}

static struct model *new_model(struct model_opts opts)
{
	calls = fail_key = 0;
	return model__new(&opts, stack_of, &calls);
}

static void add(struct model *m, uint64_t addr, uint64_t size, uint64_t age_ms, uint64_t stack)
{
	struct model_block b = {.addr = addr,
				.size = size,
				.birth_ns = NOW - age_ms * MS,
				.stack = stack,
				.entry = "malloc"};

	CHECK_EQ(model__add(m, &b), 0);
}

static struct report *finish(struct model *m)
{
	struct report *r = NULL;

	CHECK_EQ(model__finish(m, &r), 0);
	return r;
}

static void groups_and_sorts(void)
{
	struct model *m = new_model((struct model_opts){.older_ns = 500 * MS});
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 0x10, 100, 600, 1001);
	add(m, 0x20, 200, 9500, 1001);
	add(m, 0x30, 1000, 700, 1002);
	add(m, 0x40, 0, 700, 1003);  /* malloc(0) is a block */
	add(m, 0x50, 77, 499, 1001); /* young */
	add(m, 0x60, 7, 500, 0);
	r = finish(m);
	CHECK_EQ(r->bytes, 1307);
	CHECK_EQ(r->count, 5);
	CHECK_EQ(r->n_stacks, 4);
	CHECK_EQ(r->n_sites, 4);
	CHECK_EQ(r->young_bytes, 77);
	CHECK_EQ(r->young_count, 1);
	CHECK_EQ(r->older_ns, 500 * MS);
	CHECK(!r->has_delta);
	CHECK_EQ(r->sites[0].bytes, 1000);
	CHECK_EQ(r->sites[0].frames[0].addr, 1002);
	CHECK_STR(r->sites[0].frames[0].function, "f");
	CHECK_EQ(r->sites[1].bytes, 300);
	CHECK_EQ(r->sites[1].count, 2);
	CHECK_EQ(r->sites[1].youngest_ns, 600 * MS);
	CHECK_EQ(r->sites[1].oldest_ns, 9500 * MS);
	CHECK(r->sites[2].stack_lost && !r->sites[2].n_frames);
	CHECK_EQ(r->sites[2].bytes, 7);
	CHECK_EQ(r->sites[3].bytes, 0);
	CHECK_EQ(r->sites[3].count, 1);
	CHECK(!r->sites[0].blocks);
	report__free(r);

	/* Birth after now: another CPU was faster. */
	CHECK_EQ(model__begin(m, NOW, true), 0);
	add(m, 0x10, 5, -1ULL, 1001);
	r = finish(m);
	CHECK_EQ(r->count, 1);
	CHECK_EQ(r->sites[0].oldest_ns, 0);
	report__free(r);
	model__free(m);
	model__free(NULL);
}

static void merges_equal_frames(void)
{
	struct model *m = new_model((struct model_opts){0});
	char malloc_again[] = "malloc"; /* equal as a string only */
	struct model_block b = {.addr = 1, .size = 1, .stack = 2205, .entry = malloc_again};
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 0x10, 10, 1, 2105);
	add(m, 0x20, 20, 1, 2215);
	CHECK_EQ(model__add(m, &b), 0);
	b.entry = "calloc"; /* another site */
	CHECK_EQ(model__add(m, &b), 0);
	b.note = "thread stack"; /* a third one */
	CHECK_EQ(model__add(m, &b), 0);
	add(m, 0x30, 5, 1, 3001); /* all lost ones are one */
	add(m, 0x40, 6, 1, 3002);
	add(m, 0x50, 1, 1, 0);
	r = finish(m);
	CHECK_EQ(r->n_sites, 4);
	CHECK_EQ(r->sites[0].bytes, 31);
	CHECK_EQ(r->sites[0].count, 3);
	CHECK_EQ(r->sites[0].n_frames, 2);
	CHECK(!r->sites[0].stack_cut);
	CHECK_EQ(r->sites[1].bytes, 12);
	CHECK(r->sites[1].stack_lost);
	CHECK_STR(r->sites[2].entry, "calloc");
	CHECK(!r->sites[2].note);
	CHECK_STR(r->sites[3].note, "thread stack");
	report__free(r);

	CHECK_EQ(calls, 5);
	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 0x10, 10, 1, 2105);
	add(m, 0x20, 10, 1, 2005); /* same frames, cut */
	add(m, 0x50, 3, 1, 3001);
	r = finish(m);
	CHECK_EQ(calls, 7); /* known stacks are not asked for again, lost ones are */
	CHECK_EQ(r->n_sites, 2);
	CHECK_STR(r->sites[0].stack_cut, "why");
	report__free(r);
	model__free(m);
}

static void cuts_to_the_top(void)
{
	struct model *m = new_model((struct model_opts){.top = 2, .sort = REPORT_SORT_COUNT});
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 0x10, 100, 1, 1001);
	add(m, 0x20, 1, 1, 1002);
	add(m, 0x21, 1, 1, 1002);
	add(m, 0x30, 1, 1, 1003);
	add(m, 0x31, 1, 1, 1003);
	add(m, 0x32, 1, 1, 1003);
	r = finish(m);
	CHECK_EQ(r->n_sites, 2);
	CHECK_EQ(r->n_stacks, 3);
	CHECK_EQ(r->bytes, 105);
	CHECK_EQ(r->count, 6);
	CHECK_EQ(r->sites[0].frames[0].addr, 1003);
	CHECK_EQ(r->sites[1].frames[0].addr, 1002);
	report__free(r);
	model__free(m);
}

static void ties_are_ordered(void)
{
	static const int orders[][4] = {
		{1001, 1002, 1003, 1004}, {1004, 1003, 1002, 1001}, {1003, 1001, 1004, 1002}};
	size_t i, j;

	for (i = 0; i < 3; i++) {
		struct model *m = new_model((struct model_opts){0});
		struct report *r;

		CHECK_EQ(model__begin(m, NOW, false), 0);
		for (j = 0; j < 4; j++)
			add(m, j, 8, 1, orders[i][j]);
		r = finish(m);
		for (j = 0; j < 4; j++)
			CHECK_EQ(r->sites[j].frames[0].addr, 1001 + j);
		report__free(r);
		model__free(m);
	}
}

static void growth(void)
{
	struct model *m = new_model((struct model_opts){.top = 1});
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 1, 100, 1, 1001);
	add(m, 2, 50, 1, 1002); /* behind the top, but known */
	r = finish(m);
	CHECK(!r->has_delta);
	report__free(r);

	/* A snapshot that fails leaves the history alone. */
	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 1, 7777, 1, 1001);
	add(m, 2, 1, 1, 1009);
	fail_key = 1009;
	CHECK_EQ(model__finish(m, &r), -ENOMEM);
	CHECK(!r);
	fail_key = 0;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 1, 100, 1, 1001);
	add(m, 2, 500, 1, 1002);
	add(m, 3, 1, 1, 1002);
	r = finish(m);
	CHECK(r->has_delta);
	CHECK_EQ(r->bytes_delta, 451);
	CHECK_EQ(r->count_delta, 1);
	CHECK_EQ(r->sites[0].frames[0].addr, 1002);
	CHECK_EQ(r->sites[0].bytes_delta, 451);
	CHECK_EQ(r->sites[0].count_delta, 1);
	CHECK(!r->sites[0].is_new);
	report__free(r);

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 1, 40, 1, 1001);
	r = finish(m); /* 1002 is gone */
	CHECK_EQ(r->bytes_delta, -561);
	CHECK_EQ(r->count_delta, -2);
	CHECK_EQ(r->sites[0].bytes_delta, -60);
	CHECK_EQ(r->sites[0].count_delta, 0);
	report__free(r);

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 2, 500, 1, 1002);
	r = finish(m); /* and back */
	CHECK(r->sites[0].is_new);
	CHECK_EQ(r->sites[0].bytes_delta, 500);
	CHECK_EQ(r->sites[0].count_delta, 1);
	CHECK_EQ(r->bytes_delta, 460);
	report__free(r);

	CHECK_EQ(model__begin(m, NOW, false), 0);
	r = finish(m);
	CHECK_EQ(r->n_sites, 0);
	CHECK_EQ(r->n_stacks, 0);
	CHECK_EQ(r->bytes_delta, -500);
	report__free(r);
	model__free(m);
}

static void lists_blocks(void)
{
	struct model *m =
		new_model((struct model_opts){.top = 1, .show_blocks = true, .older_ns = 500 * MS});
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 0x30, 10, 700, 2001);
	add(m, 0x20, 10, 800, 2011); /* merges with it */
	add(m, 0x10, 99, 900, 2021);
	add(m, 0x40, 1, 100, 2021); /* young */
	add(m, 0x50, 1, 900, 1001); /* not in the top */
	r = finish(m);
	CHECK_EQ(r->n_sites, 1);
	CHECK_EQ(r->sites[0].n_blocks, 3);
	CHECK_EQ(r->sites[0].blocks[0].addr, 0x10);
	CHECK_EQ(r->sites[0].blocks[0].size, 99);
	CHECK_EQ(r->sites[0].blocks[0].age_ns, 900 * MS);
	CHECK_EQ(r->sites[0].blocks[1].addr, 0x20);
	CHECK_EQ(r->sites[0].blocks[2].addr, 0x30);
	report__free(r);
	model__free(m);
}

static void combined_and_sampled(void)
{
	struct model *m = new_model((struct model_opts){.sampling = {.calls = 10},
							.combined_only = true,
							.older_ns = 500 * MS,
							.show_blocks = true});
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 1, 100, 1, 1001); /* counts, young as it is */
	add(m, 2, UINT64_MAX / 2, 1, 1002);
	r = finish(m);
	CHECK(r->combined_only);
	CHECK_EQ(r->sampling.calls, 10);
	CHECK_EQ(r->young_count, 0);
	CHECK_EQ(r->count, 20);
	CHECK(r->bytes == UINT64_MAX); /* sticks, does not wrap */
	CHECK(r->sites[0].bytes == UINT64_MAX);
	CHECK_EQ(r->sites[1].bytes, 1000);
	CHECK_EQ(r->sites[1].count, 10);
	CHECK_EQ(r->sites[1].oldest_ns, 0);
	CHECK_EQ(r->sites[1].blocks[0].size, 100);
	report__free(r);
	CHECK_EQ(model__begin(m, NOW, false), 0);
	r = finish(m);
	CHECK_EQ(r->bytes_delta, -INT64_MAX);
	report__free(r);
	model__free(m);
}

static bool is_about(uint64_t is, double should)
{
	return (double)is >= should - 0.5 && (double)is <= should + 0.5;
}

static void sampled_by_bytes(void)
{
	struct model *m = new_model((struct model_opts){
		.sampling = {.bytes = 1000}, .older_ns = 500 * MS, .show_blocks = true});
	/* how many a block of 111 bytes, and of one, stands for */
	const double small = 1 / -expm1(-0.111), byte = 1 / -expm1(-0.001);
	struct model_block mapping = {.addr = 0x9000,
				      .size = 4096,
				      .birth_ns = NOW - 600 * MS,
				      .stack = 1003,
				      .entry = "mmap",
				      .certain = true};
	struct report *r;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	add(m, 0x10, 111, 600, 1001);
	add(m, 0x20, 0, 700, 1002); /* drawn as one byte */
	add(m, 0x30, 1, 700, 1002);
	add(m, 0x40, 20000, 600, 1001);
	add(m, 0x50, 111, 400, 1001); /* young */
	CHECK_EQ(model__add(m, &mapping), 0);
	r = finish(m);
	CHECK_EQ(r->sampling.bytes, 1000);
	CHECK_EQ(r->n_sites, 3);
	CHECK_EQ(r->sampled, 5);
	/* large blocks stand for themselves */
	CHECK_EQ(r->sites[0].sampled, 2);
	CHECK(is_about(r->sites[0].bytes, 20000 + 111 * small));
	CHECK(is_about(r->sites[0].count, 1 + small));
	CHECK(r->sites[0].bytes_range.low >= 20111);
	CHECK(r->sites[0].bytes_range.high > r->sites[0].bytes);
	CHECK_EQ(r->sites[0].blocks[0].stands_for, 1);
	CHECK_EQ(r->sites[0].blocks[1].stands_for, 10);
	/* mappings are not drawn */
	CHECK_STR(r->sites[1].entry, "mmap");
	CHECK_EQ(r->sites[1].bytes, 4096);
	CHECK_EQ(r->sites[1].count, 1);
	CHECK_EQ(r->sites[1].bytes_range.low, 4096);
	CHECK_EQ(r->sites[1].bytes_range.high, 4096);
	CHECK_EQ(r->sites[1].blocks[0].stands_for, 1);
	CHECK(is_about(r->sites[2].bytes, byte));
	CHECK(is_about(r->sites[2].count, 2 * byte));
	CHECK(is_about(r->young_count, small) && is_about(r->young_bytes, 111 * small));
	CHECK_EQ(r->bytes, r->sites[0].bytes + r->sites[1].bytes + r->sites[2].bytes);
	CHECK_EQ(r->count, r->sites[0].count + r->sites[1].count + r->sites[2].count);
	report__free(r);
	model__free(m);
}

/* ---- brute force ---- */

struct naive_site {
	char name[80]; /* what makes a site: entry and frames */
	uint64_t bytes, count, oldest, youngest;
};
struct naive {
	struct naive_site sites[300];
	size_t n;
	uint64_t young_bytes, young_count, bytes, count;
};

static void naive_name(char name[80], const char *entry, uint64_t key)
{
	if (!key || key >= 3000)
		snprintf(name, 80, "%s lost", entry);
	else if (key < 2000)
		snprintf(name, 80, "%s %llu", entry, (unsigned long long)key);
	else
		snprintf(name, 80, "%s %llu %llu", entry, (unsigned long long)key % 10,
			 (unsigned long long)key % 10 + 100);
}

static void naive_add(struct naive *n, const struct model_block *b, uint64_t older)
{
	uint64_t age = NOW - b->birth_ns;
	char name[80];
	size_t i;

	if (age < older) {
		n->young_bytes += b->size;
		n->young_count++;
		return;
	}
	naive_name(name, b->entry, b->stack);
	for (i = 0; i < n->n && strcmp(n->sites[i].name, name) != 0; i++)
		;
	if (i == n->n) {
		CHECK(n->n < 300);
		n->n++;
		strcpy(n->sites[i].name, name);
		n->sites[i].youngest = UINT64_MAX;
	}
	n->sites[i].bytes += b->size;
	n->sites[i].count++;
	if (age > n->sites[i].oldest)
		n->sites[i].oldest = age;
	if (age < n->sites[i].youngest)
		n->sites[i].youngest = age;
	n->bytes += b->size;
	n->count++;
}

static const struct naive_site *naive_find(const struct naive *n, const char *name)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (!strcmp(n->sites[i].name, name))
			return &n->sites[i];
	return NULL;
}

static void naive_compare(const struct report *r, const struct naive *now,
			  const struct naive *before)
{
	size_t i, j;

	CHECK_EQ(r->bytes, now->bytes);
	CHECK_EQ(r->count, now->count);
	CHECK_EQ(r->young_bytes, now->young_bytes);
	CHECK_EQ(r->young_count, now->young_count);
	CHECK_EQ(r->n_sites, now->n);
	for (i = 0; i < r->n_sites; i++) {
		const struct report_site *s = &r->sites[i];
		const struct naive_site *n, *old = NULL;
		char name[80];
		int len;

		len = snprintf(name, sizeof(name), "%s%s", s->entry, s->stack_lost ? " lost" : "");
		for (j = 0; j < s->n_frames; j++)
			len += snprintf(name + len, sizeof(name) - len, " %llu",
					(unsigned long long)s->frames[j].addr);
		n = naive_find(now, name);
		CHECK(n);
		if (!n)
			return;
		CHECK_EQ(s->bytes, n->bytes);
		CHECK_EQ(s->count, n->count);
		CHECK_EQ(s->oldest_ns, n->oldest);
		CHECK_EQ(s->youngest_ns, n->youngest);
		CHECK_EQ(s->n_blocks, n->count);
		if (i)
			CHECK(s[-1].bytes >= s->bytes);
		if (before)
			old = naive_find(before, name);
		CHECK_EQ(s->is_new, !old);
		CHECK_EQ(s->bytes_delta, n->bytes - (old ? old->bytes : 0));
		CHECK_EQ(s->count_delta, n->count - (old ? old->count : 0));
	}
}

static void random_blocks(void)
{
	static const char *const entries[] = {"malloc", "calloc", "mmap"};
	static struct naive history[2];
	unsigned short state[3] = {7, 8, 9};
	struct model *m = new_model((struct model_opts){.older_ns = 300 * MS, .show_blocks = true});
	int round, i;

	for (round = 0; round < 20 && !check_failed; round++) {
		struct naive *now = &history[round % 2], *before = &history[!(round % 2)];
		bool all_ages = round == 19;
		struct report *r;

		memset(now, 0, sizeof(*now));
		CHECK_EQ(model__begin(m, NOW, all_ages), 0);
		for (i = 0; i < 3000; i++) {
			struct model_block b = {
				.addr = nrand48(state),
				.size = nrand48(state) % 10000,
				.birth_ns = NOW - nrand48(state) % 3000 * MS,
				.entry = entries[nrand48(state) % 3],
			};
			/* a window that moves, so that sites come and go */
			uint64_t k = nrand48(state) % 40;

			b.stack = k < 20   ? 1000 + k + round * 5
				  : k < 38 ? 2100 + k
				  : k < 39 ? 0
					   : 3005;
			CHECK_EQ(model__add(m, &b), 0);
			naive_add(now, &b, all_ages ? 0 : 300 * MS);
		}
		r = finish(m);
		CHECK_EQ(r->has_delta, round > 0);
		naive_compare(r, now, round ? before : NULL);
		if (round)
			CHECK_EQ(r->bytes_delta, now->bytes - before->bytes);
		report__free(r);
	}
	model__free(m);
}

/* A million blocks on 900 stacks: seconds would mean that something is not hashed. */
static void a_million_blocks(void)
{
	struct model *m = new_model((struct model_opts){.top = 10});
	clock_t start = clock();
	struct report *r;
	int i;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	for (i = 0; i < 1000000; i++)
		add(m, i * 16ULL, 1, 1, 1000 + i % 900);
	r = finish(m);
	CHECK_EQ(r->bytes, 1000000);
	CHECK_EQ(r->n_stacks, 900);
	CHECK_EQ(r->n_sites, 10);
	CHECK_EQ(calls, 900);
	report__free(r);
	model__free(m);
	CHECK((double)(clock() - start) / CLOCKS_PER_SEC < 5);
}

/*
 * Births told in ticks: what birth_ns says of a block may be off, another time in each snapshot.
 * None of them is taken for freed, nor for new.
 */
static void cohorts_by_ticks(void)
{
	struct model *m = new_model((struct model_opts){.older_ns = 8 * MS});
	struct report *r = NULL;
	uint64_t i, k;

	model__start(m, NOW);
	for (i = 1; i <= 20; i++) {
		uint64_t tick = i * 250;

		report__free(r);
		CHECK_EQ(model__begin(m, NOW + i * 1000 * MS + i % 4 * MS, false), 0);
		model__ticks(m, tick + 1000, 4 * MS);
		for (k = 1; k <= tick; k++) {
			struct model_block b = {.addr = k,
						.size = 1,
						.stack = 1001,
						.birth_ns = NOW + (k * 4 + i % 3) * MS,
						.birth_ticks = k + 1000,
						.entry = "malloc"};

			CHECK_EQ(model__add(m, &b), 0);
		}
		r = finish(m);
		CHECK_EQ(r->sites[0].history.freed, 0);
		CHECK(r->sites[0].history.came >= tick - 4 && r->sites[0].history.came <= tick);
	}
	CHECK_EQ(r->sites[0].verdict.kind, VERDICT_LEAKING);
	CHECK_EQ(r->sites[0].verdict.reason, REASON_NONE_FREED);
	/* 250 bytes a second */
	CHECK(llabs((long long)r->sites[0].verdict.bytes_per_hour - 900000) < 9000);
	CHECK_EQ(r->history.n, 21);
	CHECK_EQ(r->history_ns[0], 0);
	CHECK_EQ(r->history.bytes[0], 0);
	CHECK_EQ(r->history.bytes[20], r->bytes);
	CHECK_EQ(r->sites[0].history.n, 20);
	CHECK_EQ(r->sites[0].history.count[19], r->sites[0].count);
	report__free(r);
	model__free(m);
}

/* What leaks is first, whatever there is more of; within a verdict the largest. */
static void leaks_first(void)
{
	struct model *m =
		new_model((struct model_opts){.sort = REPORT_SORT_VERDICT, .started = true});
	struct report *r = NULL;
	uint64_t i, k;

	model__start(m, NOW);
	for (i = 1; i <= 12; i++) {
		report__free(r);
		CHECK_EQ(model__begin(m, NOW + i * MS, false), 0);
		for (k = 0; k < 2 * i; k++) {
			struct model_block leak = {.addr = k,
						   .size = 10,
						   .stack = 1001 + k % 2,
						   .birth_ns = NOW + k / 2 * MS,
						   .entry = "malloc"};
			struct model_block table = {.addr = k,
						    .size = 1000,
						    .stack = 1003,
						    .birth_ns = NOW,
						    .entry = "malloc"};

			leak.size += k % 2;
			CHECK_EQ(model__add(m, &leak), 0);
			if (k < 2)
				CHECK_EQ(model__add(m, &table), 0);
		}
		r = finish(m);
		CHECK_EQ(r->n_sites, 3);
		CHECK_EQ(r->sites[i > 3 ? 2 : 0].frames[0].addr, 1003);
	}
	CHECK_EQ(r->sites[0].frames[0].addr, 1002);
	CHECK_EQ(r->sites[0].verdict.kind, VERDICT_LEAKING);
	CHECK_EQ(r->sites[1].verdict.kind, VERDICT_LEAKING);
	CHECK_EQ(r->sites[2].verdict.kind, VERDICT_STARTUP);
	CHECK_EQ(r->verdicts[VERDICT_LEAKING].stacks, 2);
	CHECK_EQ(r->verdicts[VERDICT_LEAKING].bytes, 12 * 21);
	CHECK_EQ(r->verdicts[VERDICT_STARTUP].bytes, 2000);
	report__free(r);
	model__free(m);
}

/* What was there before the program itself began to run is not what its start is told by. */
static void program_begins(void)
{
	struct model *m = new_model((struct model_opts){.started = true});
	struct report *r = NULL;
	uint64_t i;

	model__start(m, NOW);
	for (i = 1; i <= 300; i++) {
		struct model_block loader = {
			.addr = 1, .size = 8, .stack = 1001, .birth_ns = NOW, .entry = "mmap"};
		struct model_block table = {.addr = 2,
					    .size = 16,
					    .stack = 1002,
					    .birth_ns = NOW + 45 * MS / 10,
					    .entry = "malloc"};

		report__free(r);
		if (i == 5)
			model__begin_program(m);
		CHECK_EQ(model__begin(m, NOW + i * MS, false), 0);
		CHECK_EQ(model__add(m, &loader), 0);
		if (i >= 5)
			CHECK_EQ(model__add(m, &table), 0);
		r = finish(m);
		/* also once points have been left out of the history */
		if (i >= 10)
			CHECK_EQ(r->sites[0].verdict.kind, VERDICT_STARTUP);
	}
	report__free(r);
	model__free(m);
}

int main(void)
{
	RUN(groups_and_sorts);
	RUN(merges_equal_frames);
	RUN(cuts_to_the_top);
	RUN(ties_are_ordered);
	RUN(growth);
	RUN(lists_blocks);
	RUN(combined_and_sampled);
	RUN(sampled_by_bytes);
	RUN(random_blocks);
	RUN(a_million_blocks);
	RUN(cohorts_by_ticks);
	RUN(leaks_first);
	RUN(program_begins);
	return check_done();
}
