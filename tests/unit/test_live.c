/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the live table: spaces, epochs, waiting; and dating blocks. Under concurrency:
 * test_live_table.c. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "live.h"
#include "session.h"

#define N_SLOTS 64

static struct live_slot slots[N_SLOTS];
static const struct live_table table = {.slot = slots, .n = N_SLOTS};

static void clear(void)
{
	memset(slots, 0, sizeof(slots));
}

/* epoch: that it is born in. */
static void put(size_t i, uint64_t addr, uint64_t size, uint64_t space, uint64_t epoch)
{
	slots[i].where |= LIVE_KEY(addr, space);
	slots[i].what = LIVE_WHAT(size, space, 7);
	slots[i].when = LIVE_WHEN(i + 100, i + 1000) | (epoch + 1);
}

struct seen {
	size_t n;
	struct live_block block[N_SLOTS];
	int stop_with;
};

static int see(const struct live_block *b, void *arg)
{
	struct seen *s = arg;

	s->block[s->n++] = *b;
	return s->stop_with;
}

static size_t count(uint32_t space, uint32_t epoch)
{
	struct seen seen = {0};

	CHECK_EQ(live__for_each(&table, space, epoch, see, &seen), 0);
	return seen.n;
}

static void each_field(void)
{
	struct seen seen = {0};

	clear();
	slots[5].where = LIVE_REACH_MASK;
	put(5, 0x7ffff0000010, 4096, 2, 0);
	CHECK_EQ(live__for_each(&table, 2, 1, see, &seen), 0);
	CHECK_EQ(seen.n, 1);
	CHECK_EQ(seen.block[0].addr, 0x7ffff0000010);
	CHECK_EQ(seen.block[0].size, 4096);
	CHECK_EQ(seen.block[0].entry, 7);
	CHECK_EQ(seen.block[0].stack, 105);
	CHECK_EQ(seen.block[0].birth, 1005);
	/* the largest of each */
	slots[5].where = LIVE_KEY(UINT64_MAX, 2);
	slots[5].what = LIVE_WHAT(UINT64_MAX, 2, 255);
	slots[5].when = LIVE_WHEN(0xffffff, UINT64_MAX) | 1;
	seen.n = 0;
	CHECK_EQ(live__for_each(&table, 2, 1, see, &seen), 0);
	CHECK_EQ(seen.n, 1);
	CHECK_EQ(seen.block[0].addr, LIVE_ADDR_MASK);
	CHECK_EQ(seen.block[0].size, LIVE_MAX_SIZE);
	CHECK_EQ(seen.block[0].entry, 255);
	CHECK_EQ(seen.block[0].stack, 0xffffff);
	CHECK_EQ(seen.block[0].birth, LIVE_BIRTH_MASK);
}

static void only_of_that_space(void)
{
	clear();
	put(0, 16, 1, 1, 0);
	put(1, 32, 1, 2, 0);
	put(2, 48, 1, 255, 0);
	CHECK_EQ(count(1, 1), 1);
	CHECK_EQ(count(2, 1), 1);
	CHECK_EQ(count(257, 1), 1); /* spaces are numbered modulo 256 */
	CHECK_EQ(count(3, 1), 0);
}

static void held_ones_too(void)
{
	clear();
	put(0, 16, 1, 0, 0);
	slots[0].where |= LIVE_HELD;
	CHECK_EQ(count(0, 1), 1);
}

static void stops(void)
{
	struct seen seen = {.stop_with = -ENOMEM};

	clear();
	put(0, 16, 1, 0, 0);
	put(1, 32, 1, 0, 0);
	CHECK_EQ(live__for_each(&table, 0, 1, see, &seen), -ENOMEM);
	CHECK_EQ(seen.n, 1);
}

/* Through all epochs, twice: what was born before the cut is there, what was born after is not. */
static void epochs(void)
{
	__u64 counts[3 * STAT_ROOM] = {0};
	uint64_t counted;
	uint32_t epoch;
	size_t i;

	clear();
	for (i = 0; i < 9; i++) {
		__u64 *cpu = &counts[i % 3 * STAT_ROOM];

		/* one born before, one after */
		put(2 * i, 16 + 32 * i, 1, 0, SEEN_EPOCH(*cpu));
		++*cpu;
		epoch = live__next_epoch(counts, 3, STAT_ROOM, &counted);
		CHECK_EQ(epoch, (i + 1) % 4);
		CHECK_EQ(counted, 2 * i + 1);
		put(2 * i + 1, 32 + 32 * i, 1, 0, SEEN_EPOCH(*cpu));
		++*cpu;
		CHECK_EQ(count(0, epoch), 2 * i + 1);
	}
	for (i = 0; i < 3 * STAT_ROOM; i++)
		CHECK_EQ(SEEN_COUNT(counts[i]), i % STAT_ROOM ? 0 : 6);
}

static void purge(void)
{
	clear();
	slots[3].where = 5 << 2; /* reach of a home stays */
	put(0, 16, 1, 0, 0);
	put(1, 32, 1, 255, 0);
	put(2, 48, 1, 1, 0); /* the program that runs */
	put(3, 64, 1, 254, 1);
	put(4, 80, 1, 2, 0); /* the next: it has just called execve */
	slots[1].where |= LIVE_HELD;
	CHECK_EQ(live__purge(&table, 257), 3);
	CHECK_EQ(count(1, 1), 1);
	CHECK_EQ(count(2, 1), 1);
	CHECK_EQ(slots[0].where, 0);
	CHECK_EQ(slots[1].where, 0);
	CHECK_EQ(slots[3].where, 5 << 2);
	CHECK_EQ(live__purge(&table, 1), 0);
	CHECK_EQ(live__purge(&table, 2), 1);
	CHECK_EQ(count(2, 1), 1);
}

static void *publish(void *arg)
{
	const struct timespec nap = {.tv_nsec = 50000000};

	(void)arg;
	nanosleep(&nap, NULL);
	put(2, 0, 77, 0, 0);
	__atomic_fetch_and(&slots[2].where, ~LIVE_BUSY, __ATOMIC_SEQ_CST);
	return NULL;
}

/* A slot that is being filled is waited for. */
static void waits(void)
{
	struct seen seen = {0};
	pthread_t thread;

	clear();
	slots[2].where = 48 << 8 | LIVE_BUSY;
	CHECK_EQ(pthread_create(&thread, NULL, publish, NULL), 0);
	CHECK_EQ(live__for_each(&table, 0, 1, see, &seen), 0);
	pthread_join(thread, NULL);
	CHECK_EQ(seen.n, 1);
	CHECK_EQ(seen.block[0].addr, 48);
	CHECK_EQ(seen.block[0].size, 77);
}

/*
 * The true moment of a birth is at most two ticks before what is said, and never after it. A clock
 * that is read and a block that is born somewhere within their ticks.
 */
static void ages_are_not_overstated(void)
{
	static const uint64_t ticks[] = {1000000, 3333333, 4000000, 10000000};
	const uint64_t first = 4294667296; /* INITIAL_JIFFIES at 1000 Hz: -300 s, as 32 bits */
	size_t wrong = 0, n = 0, i;

	for (i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		const uint64_t tick = ticks[i], part = tick / 7;
		uint64_t born, now, said;

		for (now = 1000 * tick; now < 1004 * tick; now += part) {
			const struct session_clock clock = {
				.now_ns = now, .now = first + now / tick, .tick_ns = tick};

			for (born = 0; born <= now; born += born < 990 * tick ? 33 * part : part) {
				said = session__time_of(&clock,
							(first + born / tick) & LIVE_BIRTH_MASK);
				n++;
				wrong += said < born || said > now || said - born > 2 * tick;
			}
		}
	}
	CHECK(n > 4000);
	CHECK_EQ(wrong, 0);
}

static void births_at_the_ends(void)
{
	const struct session_clock clock = {.now_ns = 500000000000, .now = 3, .tick_ns = 4000000};

	CHECK_EQ(session__time_of(&clock, 3), clock.now_ns);
	CHECK_EQ(session__time_of(&clock, 2), clock.now_ns);
	CHECK_EQ(session__time_of(&clock, 1), clock.now_ns - clock.tick_ns);
	/* born since the clock was read */
	CHECK_EQ(session__time_of(&clock, 4), clock.now_ns);
	CHECK_EQ(session__time_of(&clock, 1000), clock.now_ns);
	/* across the end of what a block keeps of the jiffies */
	CHECK_EQ(session__time_of(&clock, LIVE_BIRTH_MASK), clock.now_ns - 3 * clock.tick_ns);
	CHECK_EQ(session__time_of(&clock, LIVE_BIRTH_MASK - 999),
		 clock.now_ns - 1002 * clock.tick_ns);
	/* before the clock began: no sense, but no wrap either */
	CHECK_EQ(session__time_of(&clock, LIVE_BIRTH_MASK - 1000000), 0);
}

int main(void)
{
	RUN(each_field);
	RUN(only_of_that_space);
	RUN(held_ones_too);
	RUN(stops);
	RUN(epochs);
	RUN(purge);
	RUN(waits);
	RUN(ages_are_not_overstated);
	RUN(births_at_the_ends);
	return check_done();
}
