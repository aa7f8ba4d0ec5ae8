/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where blocks go in the live table, by the addresses that allocators hand out: as many as the
 * table is made for always find room, and are found again within a few slots. bpf/live_table.h as
 * it is, with its real window.
 */
#include "check.h"

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "../bpf/memleak.h"

#define N_BLOCKS 100000ULL
#define N_HOMES LIVE_HOMES_FOR(N_BLOCKS)
#define N_SLOTS LIVE_SLOTS(N_HOMES)

static struct live_slot *table;
static __u64 near_homes; /* the rest of the homes is in the far part */
static uint64_t looked;	 /* slots */

static __u64 exchange(__u64 *p, __u64 old, __u64 new)
{
	__u64 there = *p;

	if (there == old)
		*p = new;
	return there;
}

static struct live_slot *slot_at(__u64 i)
{
	looked++;
	return i < N_SLOTS ? &table[i] : NULL;
}

static __u64 add(__u64 *p, __u64 v)
{
	*p += v;
	return *p - v;
}

#define LIVE_SLOT(i) slot_at(i)
#define LIVE_NEAR near_homes
#define LIVE_FAR (N_HOMES - near_homes)
#define LIVE_CAS(p, old, new) exchange(p, old, new)
#define LIVE_AND(p, mask) (*(p) &= (mask))
#define LIVE_ADD(p, v) add(p, v)
#define LIVE_LOAD(p) (*(p))
#define LIVE_STORE(p, v) (*(p) = (v))
#define LIVE_FUNC static
#include "../../bpf/live_table.h"

/* The address of block i. */
static __u64 every_16(__u64 i)
{
	return 0x55d0c0de12a0 + 16 * i;
}

static __u64 every_8(__u64 i)
{
	return 0x7f3a40000000 + 8 * i;
}

static __u64 every_144(__u64 i)
{
	return 0x55d0c0de12a0 + 144 * i;
}

static __u64 pages(__u64 i)
{
	return 0x7f3a40000000 + 4096 * i;
}

static __u64 pages_with_header(__u64 i)
{
	return 0x7f3a40000010 + 4112 * i;
}

static __u64 huge_pages(__u64 i)
{
	return 0x600000000010 + (i << 21);
}

/* malloc of 14,930,352 bytes and of its neighbours among the Fibonacci numbers */
static __u64 fibonacci(__u64 i)
{
	return 0x600000000000 + 14930352 * (i % 5000) + 9227465 * 16 * (i / 5000);
}

/* glibc: one arena for each thread, at multiples of 64 MiB */
static __u64 arenas(__u64 i)
{
	return 0x7f0000000000 + (i % 64 << 26) + 0x8d0 + 48 * (i / 64);
}

/* and a thousand threads with few blocks each */
static __u64 many_arenas(__u64 i)
{
	return 0x7f0000000000 + (i % 1024 << 26) + 0x8d0 + 1040 * (i / 1024);
}

/* jemalloc: runs of regions in extents of 2 MiB */
static __u64 extents(__u64 i)
{
	return 0x7f5c00000000 + (i / 1000 << 21) + i % 1000 * 112;
}

static __u64 kernel_pages(__u64 i)
{
	return 0xffff888100000000 + 4096 * i;
}

static __u64 kernel_slab(__u64 i)
{
	return 0xffff888003c40000 + 32768 * (i / 170) + 192 * (i % 170);
}

static __u64 kernel_percpu(__u64 i)
{
	return 0x607f00000000 + 8 * (i % 4096) + ((i / 4096) << 18);
}

static __u64 page_frames(__u64 i)
{
	return 0x100000 + i;
}

static __u64 page_frames_of_order_9(__u64 i)
{
	return 0x100000 + (i << 9);
}

static const struct pattern {
	const char *name;
	__u64 (*addr)(__u64 i);
} patterns[] = {
#define PATTERN(f)                                                                                 \
	{                                                                                          \
#f, f                                                                              \
	}
	PATTERN(every_16),
	PATTERN(every_8),
	PATTERN(every_144),
	PATTERN(pages),
	PATTERN(pages_with_header),
	PATTERN(huge_pages),
	PATTERN(fibonacci),
	PATTERN(arenas),
	PATTERN(many_arenas),
	PATTERN(extents),
	PATTERN(kernel_pages),
	PATTERN(kernel_slab),
	PATTERN(kernel_percpu),
	PATTERN(page_frames),
	PATTERN(page_frames_of_order_9),
};
#define N_PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static void forget_all(void)
{
	memset(table, 0, N_SLOTS * sizeof(*table));
}

static bool enter(__u64 addr)
{
	static __u64 count;
	const __u64 size = 64;
	struct live_was was;

	return !live_record(addr, LIVE_WHAT(size, 3, 0), LIVE_WHEN(1, 1), &count, &was);
}

/*
 * As many as there is to be room for. Slots looked at are counted for each. most_found,
 * most_absent: of them, in the mean.
 */
static void fill(double most_found, double most_absent)
{
	uint64_t missing, lost, found, absent, near;
	const struct pattern *p;
	__u64 i, index;

	printf("  %llu of %llu homes near; slots looked at, of a full table: to find a block, to "
	       "find that there is none; blocks near\n",
	       near_homes, (__u64)N_HOMES);
	for (p = patterns; p < patterns + N_PATTERNS; p++) {
		missing = lost = near = 0;
		forget_all();
		for (i = 0; i < N_BLOCKS; i++)
			missing += !enter(p->addr(i));
		looked = 0;
		for (i = 0; i < N_BLOCKS; i++) {
			index = live_find(p->addr(i), 3);
			lost += index == LIVE_NONE;
			near += index < near_homes + LIVE_NEAR_WINDOW;
		}
		found = looked;
		looked = 0;
		for (i = 0; i < N_BLOCKS; i++)
			lost += live_find(p->addr(i) ^ 1ULL << 45, 3) != LIVE_NONE;
		absent = looked;
		printf("  %-24s %4.2f %5.2f %6llu\n", p->name, (double)found / N_BLOCKS,
		       (double)absent / N_BLOCKS, (unsigned long long)near);
		CHECK_EQ(missing, 0);
		CHECK_EQ(lost, 0);
		CHECK(found < most_found * N_BLOCKS);
		CHECK(absent < most_absent * N_BLOCKS);
		/* so that the far part is not fuller than all of the table */
		CHECK(3 * near >= 2 * near_homes || !near_homes);
	}
}

static void all_find_room(void)
{
	near_homes = 0;
	/*
	 * linear probing, 2 of 3 slots taken: 2 in the mean (Knuth, TAOCP 6.4, (23)). As a reach is
	 * a power of 2, up to twice that if there is none
	 */
	fill(2.2, 4);
	/* all of the near window before, at most */
	near_homes = N_HOMES / 2;
	fill(2.2 + LIVE_NEAR_WINDOW, 4 + LIVE_NEAR_WINDOW);
	near_homes = N_HOMES / 6; /* as by default */
	fill(2.2 + LIVE_NEAR_WINDOW, 4 + LIVE_NEAR_WINDOW);
	near_homes = 0;
}

/* Few blocks: they are all near, and found there at once. */
static void few_are_near(void)
{
	uint64_t far = 0;
	__u64 i;

	near_homes = N_HOMES / 2;
	forget_all();
	for (i = 0; i < near_homes / 3; i++)
		CHECK(enter(every_144(i)));
	looked = 0;
	for (i = 0; i < near_homes / 3; i++)
		far += live_find(every_144(i), 3) >= near_homes + LIVE_NEAR_WINDOW;
	printf("  a third of the near part: %4.2f slots, %llu are far\n",
	       (double)looked / (near_homes / 3), (unsigned long long)far);
	CHECK(looked < near_homes / 3 * 3 / 2);
	CHECK(far < near_homes / 1000);
	near_homes = 0;
}

/* Blocks come and go, and there are always as many as there is to be room for. */
static void still_after_a_while(void)
{
	uint64_t missing = 0, lost = 0, random = 1, found;
	__u64 *addr = malloc(N_BLOCKS * sizeof(*addr));
	__u64 i, k;

	forget_all();
	for (i = 0; i < N_BLOCKS; i++)
		missing += !enter(addr[i] = every_16(i));
	for (i = 0; i < 20 * N_BLOCKS; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		k = (random >> 33) % N_BLOCKS;
		lost += !live_remove(addr[k], 3);
		addr[k] = every_16(N_BLOCKS + i);
		missing += !enter(addr[k]);
	}
	looked = 0;
	for (i = 0; i < N_BLOCKS; i++)
		lost += live_find(addr[i], 3) == LIVE_NONE;
	found = looked;
	looked = 0;
	for (i = 0; i < N_BLOCKS; i++)
		lost += live_find(every_16(i) ^ 1ULL << 45, 3) != LIVE_NONE;
	printf("  each block replaced 20 times: %4.2f %5.2f\n", (double)found / N_BLOCKS,
	       (double)looked / N_BLOCKS);
	CHECK_EQ(missing, 0);
	CHECK_EQ(lost, 0);
	CHECK(found < 5 * N_BLOCKS);
	CHECK(looked < 40 * N_BLOCKS);
	free(addr);
}

static __u64 one_multiplication(__u64 addr)
{
	return (addr * 0x9E3779B97F4A7C15ULL >> 32) * N_HOMES >> 32;
}

static __u64 as_it_is(__u64 addr)
{
	return live_hash(addr, 0) * N_HOMES >> 32;
}

/* How many of 5,000 blocks at a distance find their window full? */
static uint64_t crowded(__u64 (*home)(__u64 addr), __u64 distance)
{
	uint64_t missing = 0;
	__u64 i, k;

	forget_all();
	for (i = 0; i < 5000; i++) {
		struct live_slot *s = table + home(0x600000000010 + i * distance);

		for (k = 0; k < LIVE_WINDOW && s[k].where; k++)
			;
		if (k < LIVE_WINDOW)
			s[k].where = 1;
		else
			missing++;
	}
	return missing;
}

/* The hash has no distance that it is bad for; with one multiplication there are such. */
static void any_distance_will_do(void)
{
	uint64_t bad = 0;
	__u64 a = 16, b = 16, next, i;

	for (; b < 1ULL << 34; next = a + b, a = b, b = next) {
		CHECK_EQ(crowded(as_it_is, b), 0);
		bad += crowded(one_multiplication, b);
	}
	CHECK(bad > 0);
	for (i = 0; i <= 30; i++)
		CHECK_EQ(crowded(as_it_is, 8ULL << i), 0);
	for (i = 1; i < 1000; i += 7)
		CHECK_EQ(crowded(as_it_is, 16 * i), 0);
}

/* What a home says of its reach is at least what was needed, and no more than twice that. */
static void reach(void)
{
	for (__u64 slots = 1; slots <= LIVE_WINDOW; slots++) {
		__u64 code;

		table[0].where = 0;
		CHECK(live_raise(0, slots, false));
		code = LIVE_REACH(table[0].where);
		CHECK_EQ(table[0].where & ~LIVE_REACH_MASK, 0);
		CHECK(LIVE_REACH_SLOTS(code) >= slots);
		CHECK(LIVE_REACH_SLOTS(code) < 2 * slots || code == LIVE_REACH_ALL);
		CHECK(LIVE_REACH_SLOTS(code) <= LIVE_WINDOW);
		CHECK(slots > LIVE_NEAR_WINDOW || code != LIVE_REACH_ALL);
		CHECK(live_raise(0, 1, false)); /* never back */
		CHECK_EQ(LIVE_REACH(table[0].where), code);
	}
	table[0].where = 0;
	CHECK(live_raise(0, 0, true));
	CHECK_EQ(LIVE_REACH(table[0].where), LIVE_REACH_ALL);
	CHECK_EQ(LIVE_REACH_SLOTS(0), 1);
}

static __u64 apart(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

/* Blocks of two spaces with the same first word are never in one window, in the smallest table. */
static void spaces_do_not_meet(void)
{
	__u64 i, a, b, least = UINT64_MAX;

	for (i = 0; i < 1000; i++)
		for (a = 0; a < 256; a++)
			for (b = a + 8; b < 256; b += 8) {
				__u64 d = apart(live_hash(every_144(i), a) * LIVE_MIN_HOMES >> 32,
						live_hash(every_144(i), b) * LIVE_MIN_HOMES >> 32);

				CHECK(LIVE_KEY(every_144(i), a) == LIVE_KEY(every_144(i), b));
				if (d < least)
					least = d;
			}
	CHECK(least >= LIVE_WINDOW);
	CHECK(LIVE_KEY(every_144(1), 1) != LIVE_KEY(every_144(1), 2));
	CHECK(LIVE_NEAR_HOMES >= LIVE_MIN_HOMES && LIVE_HOMES_FOR(1) >= LIVE_MIN_HOMES);
}

/* What is above 56 bits makes no other address; spaces and addresses do not meet. */
static void keys(void)
{
	const __u64 addr = 0xffff888100001000;

	forget_all();
	CHECK(enter(addr));
	CHECK(live_find(addr, 3) != LIVE_NONE);
	CHECK(live_find(addr & LIVE_ADDR_MASK, 3) != LIVE_NONE);
	CHECK(live_find(addr, 2) == LIVE_NONE);
	CHECK(!enter(addr ^ 5ULL << 56)); /* replaces it: a tag is no other address */
	CHECK(live_remove(addr, 3));
	CHECK(!live_remove(addr, 3));
	/* no block is at address 0, also when a tag is above it */
	CHECK(live_find(0, 0) == LIVE_NONE);
	CHECK(!live_remove(5ULL << 56, 0));
	CHECK(!enter(5ULL << 56));
}

/* Who replaces or removes a block learns what it was. */
static void what_it_was(void)
{
	const __u64 addr = 0x5555deadbe00, first = 100, second = 7;
	struct live_was was = {0, 0};
	__u64 count = 2ULL << SEEN_EPOCH_SHIFT;

	forget_all();
	CHECK(!live_remove_known(addr, 3, &was));
	CHECK_EQ(live_record(addr, LIVE_WHAT(first, 3, 9), LIVE_WHEN(5, 77), &count, &was), 0);
	CHECK(!was.what && !was.when);
	CHECK_EQ(live_record(addr, LIVE_WHAT(second, 3, 8), LIVE_WHEN(6, 88), &count, &was), 1);
	CHECK(was.what == LIVE_WHAT(first, 3, 9) && LIVE_STACK(was.when) == 5 &&
	      LIVE_BIRTH(was.when) == 77);
	CHECK(!live_remove_known(addr, 4, &was));
	CHECK(live_remove_known(addr, 3, &was));
	CHECK(was.what == LIVE_WHAT(second, 3, 8) && LIVE_STACK(was.when) == 6 &&
	      LIVE_BIRTH(was.when) == 88);
	CHECK(!live_remove_known(addr, 3, &was));
}

int main(void)
{
	table = calloc(N_SLOTS, sizeof(*table));
	if (!table)
		return 1;
	RUN(all_find_room);
	RUN(few_are_near);
	RUN(still_after_a_while);
	RUN(any_distance_will_do);
	RUN(reach);
	RUN(spaces_do_not_meet);
	RUN(keys);
	RUN(what_it_was);
	free(table);
	return check_done();
}
