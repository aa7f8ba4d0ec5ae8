/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intervals against a model that keeps one owner for every page. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "report/intervals.h"

#define PAGE 4096ULL
#define BASE 0x7f0000000000ULL

static struct interval_info info_of(uint64_t stack)
{
	return (struct interval_info){
		.birth_ns = stack * 10, .stack = stack, .entry = "mmap", .tid = 7};
}

static int map(struct intervals *iv, uint64_t page, uint64_t pages, uint64_t stack)
{
	struct interval_info info = info_of(stack);

	return intervals__map(iv, BASE + page * PAGE, pages * PAGE, &info);
}

static int64_t unmap(struct intervals *iv, uint64_t page, uint64_t pages)
{
	return intervals__unmap(iv, BASE + page * PAGE, pages * PAGE);
}

static int remap(struct intervals *iv, uint64_t old, uint64_t old_pages, uint64_t new,
		 uint64_t new_pages, bool keep)
{
	return intervals__remap(iv, BASE + old * PAGE, old_pages * PAGE, BASE + new *PAGE,
				new_pages * PAGE, keep);
}

/* What intervals__for_each says, as "page:pages/stack page:pages/stack". */
struct listing {
	char text[1000];
	size_t n;
};

static int list_one(uint64_t start, uint64_t bytes, const struct interval_info *info, void *arg)
{
	struct listing *l = arg;
	size_t used = strlen(l->text);

	snprintf(l->text + used, sizeof(l->text) - used, "%s%llu:%llu/%llu", used ? " " : "",
		 (unsigned long long)((start - BASE) / PAGE), (unsigned long long)(bytes / PAGE),
		 (unsigned long long)info->stack);
	l->n++;
	return 0;
}

#define CHECK_LIST(iv, expected)                                                                   \
	do {                                                                                       \
		struct listing l_ = {0};                                                           \
		CHECK_EQ(intervals__for_each(iv, list_one, &l_), 0);                               \
		CHECK_STR(l_.text, expected);                                                      \
	} while (0)

#define CHECK_ACCOUNT(iv, seen_, freed_, gone_, untracked_, pages_)                                \
	do {                                                                                       \
		struct intervals_account account_;                                                 \
		intervals__account(iv, &account_);                                                 \
		CHECK_EQ(account_.seen, seen_);                                                    \
		CHECK_EQ(account_.freed, freed_);                                                  \
		CHECK_EQ(account_.gone, gone_);                                                    \
		CHECK_EQ(account_.lost, 0);                                                        \
		CHECK_EQ(account_.outstanding, (seen_) - (freed_) - (gone_));                      \
		CHECK_EQ(account_.untracked, untracked_);                                          \
		CHECK_EQ(account_.bytes, (pages_)*PAGE);                                           \
	} while (0)

static void partial_munmap(void)
{
	struct intervals *iv = intervals__new(PAGE);

	CHECK_EQ(map(iv, 0, 10, 1), 0);
	CHECK_EQ(unmap(iv, 4, 2), 2 * PAGE);
	CHECK_LIST(iv, "0:8/1");
	CHECK_EQ(unmap(iv, 0, 2), 2 * PAGE);
	CHECK_LIST(iv, "2:6/1");
	CHECK_EQ(unmap(iv, 4, 2), 0); /* the hole */
	CHECK_EQ(unmap(iv, 100, 1), 0);
	CHECK_ACCOUNT(iv, 1, 0, 0, 2, 6);
	CHECK_EQ(unmap(iv, 0, 10), 6 * PAGE);
	CHECK_LIST(iv, "");
	CHECK_ACCOUNT(iv, 1, 1, 0, 2, 0);
	intervals__free(iv);
}

static void munmap_across(void)
{
	struct intervals *iv = intervals__new(PAGE);

	CHECK_EQ(map(iv, 0, 4, 1), 0);
	CHECK_EQ(map(iv, 4, 4, 2), 0); /* adjacent, but another allocation */
	CHECK_EQ(map(iv, 10, 4, 3), 0);
	CHECK_LIST(iv, "0:4/1 4:4/2 10:4/3");
	CHECK_EQ(unmap(iv, 2, 9), (2 + 4 + 1) * PAGE);
	CHECK_LIST(iv, "0:2/1 11:3/3");
	CHECK_ACCOUNT(iv, 3, 1, 0, 0, 5);
	intervals__free(iv);
}

/* info_of: the birth of stack N is at 10 N. */
static void munmap_spares_younger(void)
{
	struct intervals *iv = intervals__new(PAGE);

	CHECK_EQ(map(iv, 0, 4, 1), 0);
	CHECK_EQ(map(iv, 4, 4, 5), 0);
	CHECK_EQ(map(iv, 8, 4, 2), 0);
	CHECK_EQ(map(iv, 12, 4, 6), 0);
	CHECK_EQ(intervals__unmap_before(iv, BASE + 2 * PAGE, 12 * PAGE, 50), 6 * PAGE);
	CHECK_LIST(iv, "0:2/1 4:4/5 12:4/6");
	CHECK_EQ(intervals__unmap_before(iv, BASE + 4 * PAGE, 4 * PAGE, 50), 0);
	CHECK_ACCOUNT(iv, 4, 1, 0, 1, 10);
	CHECK_EQ(intervals__unmap_before(iv, BASE + 4 * PAGE, 4 * PAGE, 51), 4 * PAGE);
	CHECK_LIST(iv, "0:2/1 12:4/6");
	CHECK_EQ(unmap(iv, 0, 100), 6 * PAGE);
	CHECK_ACCOUNT(iv, 4, 4, 0, 1, 0);
	intervals__free(iv);
}

static void map_fixed(void)
{
	struct intervals *iv = intervals__new(PAGE);

	CHECK_EQ(map(iv, 0, 10, 1), 0);
	CHECK_EQ(map(iv, 3, 4, 2), 0);
	CHECK_LIST(iv, "0:6/1 3:4/2");
	CHECK_ACCOUNT(iv, 2, 0, 0, 0, 10);
	CHECK_EQ(map(iv, 0, 10, 3), 0);
	CHECK_LIST(iv, "0:10/3");
	CHECK_ACCOUNT(iv, 3, 2, 0, 0, 10);
	intervals__free(iv);
}

static void mremap_moves(void)
{
	struct intervals *iv = intervals__new(PAGE);

	CHECK_EQ(map(iv, 0, 10, 1), 0);
	CHECK_EQ(map(iv, 20, 10, 2), 0);
	CHECK_EQ(remap(iv, 0, 10, 0, 12, false), 0); /* grows in place */
	CHECK_LIST(iv, "0:12/1 20:10/2");
	CHECK_EQ(remap(iv, 0, 12, 0, 5, false), 0); /* shrinks in place */
	CHECK_LIST(iv, "0:5/1 20:10/2");
	CHECK_EQ(remap(iv, 0, 5, 40, 8, false), 0); /* moves and grows */
	CHECK_LIST(iv, "20:10/2 40:8/1");
	CHECK_EQ(remap(iv, 22, 2, 60, 1, false), 0); /* a part moves and shrinks */
	CHECK_LIST(iv, "20:9/2 40:8/1");
	CHECK_EQ(unmap(iv, 60, 1), PAGE);
	CHECK_EQ(remap(iv, 40, 8, 24, 8, false), 0); /* MREMAP_FIXED onto another's tail */
	CHECK_LIST(iv, "20:2/2 24:8/1");
	CHECK_EQ(remap(iv, 24, 8, 70, 8, true), 0); /* MREMAP_DONTUNMAP */
	CHECK_LIST(iv, "20:2/2 24:16/1");
	CHECK_EQ(unmap(iv, 24, 8), 8 * PAGE);
	CHECK_LIST(iv, "20:2/2 70:8/1");
	CHECK_EQ(remap(iv, 70, 0, 80, 2, false), 0); /* shared pages once more */
	CHECK_LIST(iv, "20:2/2 70:10/1");
	CHECK_EQ(remap(iv, 200, 4, 300, 8, false), 0); /* not ours */
	CHECK_LIST(iv, "20:2/2 70:10/1");
	CHECK_EQ(remap(iv, 200, 4, 70, 20, false), 0); /* not ours, onto ours */
	CHECK_LIST(iv, "20:2/2");
	CHECK_ACCOUNT(iv, 2, 1, 0, 0, 2);
	intervals__free(iv);
}

static void program_break(void)
{
	struct intervals *iv = intervals__new(PAGE);
	struct interval_info info = info_of(5);

	CHECK_EQ(intervals__brk(iv, BASE + 10, BASE + 20, &info), 0); /* in one page */
	CHECK_ACCOUNT(iv, 0, 0, 0, 0, 0);
	CHECK_EQ(intervals__brk(iv, BASE + 10, BASE + 3 * PAGE + 1, &info), 0);
	CHECK_LIST(iv, "1:3/5");
	CHECK_EQ(intervals__brk(iv, BASE + 3 * PAGE + 1, BASE + 2 * PAGE, &info), 0);
	CHECK_LIST(iv, "1:1/5");
	CHECK_EQ(intervals__brk(iv, BASE + 2 * PAGE, BASE + PAGE, &info), 0);
	CHECK_ACCOUNT(iv, 1, 1, 0, 0, 0);
	CHECK_EQ(intervals__brk(iv, UINT64_MAX, 0, &info), -EINVAL);
	intervals__free(iv);
}

static void exec_clears(void)
{
	struct intervals *iv = intervals__new(PAGE);

	CHECK_EQ(map(iv, 0, 10, 1), 0);
	CHECK_EQ(unmap(iv, 5, 1), PAGE);
	CHECK_EQ(map(iv, 20, 1, 2), 0);
	CHECK_EQ(unmap(iv, 20, 1), PAGE);
	intervals__clear(iv);
	CHECK_LIST(iv, "");
	CHECK_ACCOUNT(iv, 2, 1, 1, 0, 0);
	CHECK_EQ(map(iv, 0, 2, 3), 0);
	CHECK_LIST(iv, "0:2/3");
	CHECK_ACCOUNT(iv, 3, 1, 1, 0, 2);
	intervals__free(iv);
}

static void refuses_nonsense(void)
{
	struct intervals *iv = intervals__new(PAGE);
	struct interval_info info = info_of(1);

	CHECK(!intervals__new(0));
	CHECK(!intervals__new(3000));
	CHECK_EQ(intervals__map(iv, BASE, 0, &info), -EINVAL);
	CHECK_EQ(intervals__map(iv, BASE + 1, PAGE, &info), -EINVAL);
	CHECK_EQ(intervals__map(iv, BASE, UINT64_MAX, &info), -EINVAL);
	CHECK_EQ(intervals__map(iv, UINT64_MAX - PAGE + 1, 2 * PAGE, &info), -EINVAL);
	CHECK_EQ(intervals__unmap(iv, BASE, UINT64_MAX - 10), -EINVAL);
	CHECK_EQ(intervals__remap(iv, BASE, PAGE, BASE, 0, false), -EINVAL);
	CHECK_ACCOUNT(iv, 0, 0, 0, 0, 0);
	CHECK_EQ(intervals__map(iv, BASE, 1, &info), 0); /* rounded up, as mmap does */
	CHECK_LIST(iv, "0:1/1");
	intervals__free(iv);
	intervals__free(NULL);
}

static int stop_at_two(uint64_t start, uint64_t bytes, const struct interval_info *info, void *arg)
{
	int *calls = arg;

	(void)start;
	(void)bytes;
	(void)info;
	return ++*calls == 2 ? 42 : 0;
}

static void walk_stops(void)
{
	struct intervals *iv = intervals__new(PAGE);
	int i, calls = 0;

	for (i = 0; i < 5; i++)
		CHECK_EQ(map(iv, i * 2, 1, i + 1), 0);
	CHECK_EQ(intervals__for_each(iv, stop_at_two, &calls), 42);
	CHECK_EQ(calls, 2);
	CHECK_LIST(iv, "0:1/1 2:1/2 4:1/3 6:1/4 8:1/5"); /* a stopped walk leaves nothing behind */
	intervals__free(iv);
}

/* ---- brute force: who owns each page ---- */

#define PAGES 300
struct brute {
	uint32_t owner[PAGES]; /* allocation number = stack, 0: none */
	uint64_t seen, freed, gone, untracked;
	uint32_t held[200000]; /* pages of each allocation */
};

static uint64_t brute_clear(struct brute *b, unsigned from, unsigned n)
{
	uint64_t pages = 0;

	for (; n; n--, from++) {
		uint32_t who = b->owner[from];

		if (!who)
			continue;
		pages++;
		b->owner[from] = 0;
		if (!--b->held[who])
			b->freed++;
	}
	return pages;
}

static void brute_give(struct brute *b, unsigned page, uint32_t who)
{
	b->owner[page] = who;
	if (who)
		b->held[who]++;
}

static void brute_remap(struct brute *b, unsigned old, unsigned old_n, unsigned new, unsigned new_n,
			bool keep)
{
	uint32_t moving[PAGES] = {0};
	uint32_t last = b->owner[old + old_n - 1];
	unsigned i;

	/* Lift the pages off; they stay held meanwhile, so that none counts as freed. */
	for (i = 0; i < old_n; i++) {
		moving[i] = b->owner[old + i];
		if (keep && moving[i])
			b->held[moving[i]]++;
		if (!keep)
			b->owner[old + i] = 0;
	}
	for (i = new_n; i < old_n; i++)
		if (moving[i] && !--b->held[moving[i]])
			b->freed++;
	brute_clear(b, new, new_n);
	for (i = 0; i < new_n && i < old_n; i++)
		b->owner[new + i] = moving[i];
	for (; i < new_n; i++)
		brute_give(b, new + i, last);
}

static int compare_one(uint64_t start, uint64_t bytes, const struct interval_info *info, void *arg)
{
	struct brute *b = arg;
	unsigned page = (start - BASE) / PAGE, i;

	CHECK(page < PAGES && b->owner[page] == info->stack);
	CHECK_EQ(info->birth_ns, info->stack * 10);
	for (i = 0; i < page && i < PAGES; i++)
		CHECK(b->owner[i] != info->stack); /* lowest address */
	CHECK_EQ(bytes, b->held[info->stack] * PAGE);
	b->held[0]++; /* counts the calls: nobody's pages are not held */
	return 0;
}

static void compare(struct intervals *iv, struct brute *b, bool closely)
{
	struct intervals_account a;
	uint64_t pages = 0;
	unsigned i;

	for (i = 0; i < PAGES; i++)
		pages += !!b->owner[i];
	intervals__account(iv, &a);
	CHECK_EQ(a.bytes, pages * PAGE);
	CHECK_EQ(a.seen, b->seen);
	CHECK_EQ(a.freed, b->freed);
	CHECK_EQ(a.gone, b->gone);
	CHECK_EQ(a.untracked, b->untracked);
	CHECK_EQ(a.seen, a.freed + a.gone + a.outstanding);
	if (!closely)
		return;
	b->held[0] = 0;
	CHECK_EQ(intervals__for_each(iv, compare_one, b), 0);
	CHECK_EQ(b->held[0], a.outstanding);
}

static unsigned below(unsigned n)
{
	static unsigned short state[3] = {1, 2, 3}; /* seeded: every run is the same */

	return nrand48(state) % n;
}

static void random_operations(void)
{
	struct brute *b = calloc(1, sizeof(*b));
	struct intervals *iv = intervals__new(PAGE);
	struct interval_info info;
	int step;

	for (step = 0; step < 100000 && !check_failed; step++) {
		unsigned from = below(PAGES), n = 1 + below(below(8) ? 12 : 150), kind = below(100);
		unsigned to = below(PAGES), m = 1 + below(20), i;
		uint64_t gone;

		if (n > PAGES - from)
			n = PAGES - from;
		if (m > PAGES - to)
			m = PAGES - to;
		if (kind < 40) {
			brute_clear(b, from, n);
			b->seen++;
			for (i = 0; i < n; i++)
				brute_give(b, from + i, b->seen);
			info = info_of(b->seen);
			CHECK_EQ(intervals__map(iv, BASE + from * PAGE, n * PAGE - below(PAGE),
						&info),
				 0);
		} else if (kind < 70) {
			gone = brute_clear(b, from, n);
			b->untracked += !gone;
			CHECK_EQ(unmap(iv, from, n), gone * PAGE);
		} else if (kind < 85) {
			brute_remap(b, from, n, to, m, false);
			CHECK_EQ(remap(iv, from, n, to, m, false), 0);
		} else if (kind < 92) { /* in place */
			m = 1 + below(PAGES - from);
			brute_remap(b, from, n, from, m, false);
			CHECK_EQ(remap(iv, from, n, from, m, false), 0);
		} else if (kind < 97) {
			if (n > PAGES - to)
				n = PAGES - to;
			brute_remap(b, from, n, to, n, true);
			CHECK_EQ(remap(iv, from, n, to, n, true), 0);
		} else if (kind < 99) { /* break */
			info = info_of(b->seen + 1);
			if (to > from) {
				brute_clear(b, from, to - from);
				b->seen++;
				for (i = from; i < to; i++)
					brute_give(b, i, b->seen);
			} else if (to < from) {
				b->untracked += !brute_clear(b, to, from - to);
			}
			CHECK_EQ(intervals__brk(iv, BASE + from * PAGE, BASE + to * PAGE, &info),
				 0);
		} else if (!below(20)) {
			memset(b->owner, 0, sizeof(b->owner));
			b->gone = b->seen - b->freed;
			intervals__clear(iv);
		}
		compare(iv, b, step % 16 == 0);
		if (check_failed)
			printf("  at step %d, kind %u\n", step, kind);
	}
	CHECK(b->seen > 30000);
	CHECK(b->gone > 100);
	intervals__free(iv);
	free(b);
}

/* 100,000 mappings in order, then a hole in each, then all gone: quadratic work would take minutes.
 */
static void many(void)
{
	struct intervals *iv = intervals__new(PAGE);
	clock_t start = clock();
	unsigned i, n = 100000;
	int64_t gone = 0;

	for (i = 0; i < n; i++)
		CHECK_EQ(map(iv, i * 3ULL, 3, i + 1), 0);
	for (i = 0; i < n; i++)
		gone += unmap(iv, (n - 1 - i) * 3ULL + 1, 1);
	CHECK_EQ(gone, n * PAGE);
	CHECK_ACCOUNT(iv, n, 0, 0, 0, n * 2);
	CHECK_EQ(unmap(iv, 0, n * 3ULL), n * 2 * PAGE);
	CHECK_ACCOUNT(iv, n, n, 0, 0, 0);
	intervals__free(iv);
	CHECK((clock() - start) / CLOCKS_PER_SEC < 10);
}

int main(void)
{
	RUN(partial_munmap);
	RUN(munmap_across);
	RUN(munmap_spares_younger);
	RUN(map_fixed);
	RUN(mremap_moves);
	RUN(program_break);
	RUN(exec_clears);
	RUN(refuses_nonsense);
	RUN(walk_stops);
	RUN(random_operations);
	RUN(many);
	return check_done();
}
