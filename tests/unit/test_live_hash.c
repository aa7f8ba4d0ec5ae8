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

static struct live_slot *table;
static uint64_t looked; /* slots */

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
	return i < LIVE_SLOTS(N_BLOCKS) + LIVE_WINDOW ? &table[i] : NULL;
}

static __u64 add(__u64 *p, __u64 v)
{
	*p += v;
	return *p - v;
}

#define LIVE_SLOT(i) slot_at(i)
#define LIVE_HOMES LIVE_SLOTS(N_BLOCKS)
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
	memset(table, 0, (LIVE_SLOTS(N_BLOCKS) + LIVE_WINDOW) * sizeof(*table));
}

static bool enter(__u64 addr)
{
	static __u64 count;
	const __u64 size = 64;

	return !live_record(addr, LIVE_WHAT(size, 3, 0), LIVE_WHEN(1, 1), &count);
}

/* As many as there is to be room for. Slots looked at are counted for each. */
static void all_find_room(void)
{
	uint64_t missing, lost, found, absent, far;
	const struct pattern *p;
	__u64 i, index;

	printf("  slots looked at, of a full table: to find a block, to find that there is none; "
	       "the furthest\n");
	for (p = patterns; p < patterns + N_PATTERNS; p++) {
		missing = lost = far = 0;
		forget_all();
		for (i = 0; i < N_BLOCKS; i++)
			missing += !enter(p->addr(i));
		looked = 0;
		for (i = 0; i < N_BLOCKS; i++) {
			index = live_find(p->addr(i), 3);
			if (index == LIVE_NONE)
				lost++;
			else if (index - live_home(p->addr(i), 3) > far)
				far = index - live_home(p->addr(i), 3);
		}
		found = looked;
		looked = 0;
		for (i = 0; i < N_BLOCKS; i++)
			if (live_find(p->addr(i) ^ 1ULL << 45, 3) != LIVE_NONE)
				lost++;
		absent = looked;
		printf("  %-24s %4.2f %5.2f %4llu\n", p->name, (double)found / N_BLOCKS,
		       (double)absent / N_BLOCKS, (unsigned long long)far);
		CHECK_EQ(missing, 0);
		CHECK_EQ(lost, 0);
		/* linear probing, 2 of 3 slots taken: 2 in the mean (Knuth, TAOCP 6.4, (23)) */
		CHECK(found < 2.2 * N_BLOCKS);
		CHECK(absent < 2 * N_BLOCKS);
	}
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
	return (addr * 0x9E3779B97F4A7C15ULL >> 32) * LIVE_HOMES >> 32;
}

static __u64 as_it_is(__u64 addr)
{
	return live_home(addr, 0);
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

/* What a home says of its reach is at least what was needed, and little more. */
static void reach(void)
{
	for (__u64 slots = 1; slots <= LIVE_WINDOW; slots++) {
		__u64 code = LIVE_REACH_OF(slots);

		CHECK_EQ(LIVE_REACH(code << 2), code);
		CHECK(LIVE_REACH_SLOTS(code) >= slots);
		CHECK(LIVE_REACH_SLOTS(code) <= (slots <= 32 ? slots : slots + 7));
		CHECK(LIVE_REACH_SLOTS(code) <= LIVE_WINDOW);
		CHECK(slots == 1 || code >= LIVE_REACH_OF(slots - 1));
	}
	CHECK_EQ(LIVE_REACH_SLOTS(0), 1);
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

int main(void)
{
	table = malloc((LIVE_SLOTS(N_BLOCKS) + LIVE_WINDOW) * sizeof(*table));
	if (!table)
		return 1;
	RUN(all_find_room);
	RUN(still_after_a_while);
	RUN(any_distance_will_do);
	RUN(reach);
	RUN(keys);
	free(table);
	return check_done();
}
