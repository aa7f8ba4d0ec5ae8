/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel's objects go in their table, by the addresses that its allocators hand out: as
 * many as the table is made for always find room, and are found again within a few slots.
 */
#include "check.h"

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "../bpf/memleak.h"

#include "../bpf/kernel.h"

#define HOME_BITS 17
#define N_SLOTS ((1u << HOME_BITS) + OBJECT_WINDOW)
#define N_OBJECTS ((1u << HOME_BITS) / 3 * 2)

static struct object_slot *table;
static __u64 reaches[N_SLOTS / 8 + 1];
static uint64_t looked;

static __u64 exchange(__u64 *p, __u64 old, __u64 new)
{
	__u64 there = *p;

	if (there == old)
		*p = new;
	return there;
}

static struct object_slot *slot_at(__u64 i)
{
	looked++;
	return i < N_SLOTS ? &table[i] : NULL;
}

#define OBJECT_SLOT(i) slot_at(i)
#define OBJECT_HOME_SLOT(t, i) ((void)(t), slot_at(i))
#define OBJECT_HOME_REACH(t, i) (((__u8 *)reaches)[i])
#define OBJECT_REACHES(i) (&reaches[i])
#define OBJECT_HOME_SHIFT (64 - HOME_BITS)
#define OBJECT_CAS(p, old, new) exchange(p, old, new)
#define OBJECT_LOAD(p) (*(p))
#define OBJECT_STORE(p, v) (*(p) = (v))
#define OBJECT_FUNC static
#include "../../bpf/object_table.h"

static __u64 where_of(__u64 addr)
{
	return OBJECT_WHERE(addr, KERNEL_SPACE_SLAB);
}

/* Fill the table with objects at a distance from each other; then all are found, and go again. */
static bool works_at(__u64 base, __u64 distance, __u64 n, uint64_t *steps)
{
	__u64 what = OBJECT_WHAT(64ULL, 64ULL, KERNEL_SPACE_SLAB), i;

	memset(table, 0, N_SLOTS * sizeof(*table));
	memset(reaches, 0, sizeof(reaches));
	for (i = 0; i < n; i++)
		if (object_insert(NULL, where_of(base + i * distance), what, i << 8) != 0)
			return false;
	looked = 0;
	for (i = 0; i < n; i++)
		if (!object_remove(NULL, where_of(base + i * distance)))
			return false;
	*steps += looked;
	for (i = 0; i < N_SLOTS; i++)
		if (table[i].where)
			return false;
	return true;
}

static void any_distance(void)
{
	static const __u64 bases[] = {0xffff888100000000, 0xff1100017ac40000, 0x607f00000000,
				      0xffffea0000000000};
	uint64_t steps = 0, n = 0;
	__u64 distance;
	size_t i, k;

	/* objects of up to 8 KiB, pages side by side, blocks of pages, and odd multiples of pages
	 */
	for (i = 0; i < 400; i++) {
		distance = i < 128   ? 64 * (i + 1)
			   : i < 256 ? 4096 * (i - 127)
			   : i < 272 ? 1ULL << (i - 250)
				     : 4096 * (7 * (i - 272) + 3);
		k = i % 4;
		if (!works_at(bases[k], distance, N_OBJECTS, &steps)) {
			printf("  at a distance of %llu\n", distance);
			CHECK(false);
		}
		n += N_OBJECTS;
	}
	/* what is removed is found at home, or a few slots on */
	CHECK(steps < 5 * n);
}

/* A replaced one is there once. */
static void replaces(void)
{
	__u64 what = OBJECT_WHAT(64ULL, 64ULL, KERNEL_SPACE_SLAB), addr = 0xffff888100000040;
	__u64 where = where_of(addr);

	memset(table, 0, N_SLOTS * sizeof(*table));
	CHECK_EQ(object_insert(NULL, where, what, 1 << 8), 0);
	CHECK_EQ(object_insert(NULL, where, what, 2 << 8), 1);
	CHECK_EQ(object_remove(NULL, OBJECT_WHERE(addr, KERNEL_SPACE_PAGES)), 0);
	CHECK_EQ(object_remove(NULL, where), 1);
	CHECK_EQ(object_remove(NULL, where), 0);
}

/* What is packed into words comes out of them again. */
static void words(void)
{
	static const __u64 sizes[] = {0, 1, 255, 256, 4048, 4096, 8192, 4194304, OBJECT_MAX_SIZE};
	size_t i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (k = i; k < sizeof(sizes) / sizeof(*sizes); k++) {
			__u64 what = OBJECT_WHAT(sizes[i], sizes[k], KERNEL_SPACE_PERCPU);

			CHECK_EQ(OBJECT_REQ(what), sizes[i]);
			CHECK_EQ(OBJECT_ALLOC(what), sizes[k]);
			CHECK_EQ(OBJECT_SPACE(what), KERNEL_SPACE_PERCPU);
		}
	CHECK_EQ(OBJECT_ALLOC(OBJECT_WHAT(1ULL, 2ULL, KERNEL_SPACE_VMALLOC)), 2 * 4096);
	CHECK_EQ(OBJECT_ORIGIN(OBJECT_WHEN(0xabcdef, 0x12345678, 254)), 0xabcdef);
	CHECK_EQ(OBJECT_BIRTH(OBJECT_WHEN(0xabcdef, 0x12345678, 254)), 0x12345678);
	CHECK_EQ(OBJECT_EPOCH(OBJECT_WHEN(0xabcdef, 0x12345678, 254)), 254);
}

static void pointers(void)
{
	/* a heap with four and with five levels of page tables, percpu offsets both ways */
	static const __u64 slab[] = {0xffff888100262800, 0xff11000004440800, 0xffe0000000000000};
	static const __u64 percpu[] = {0x60f0b0c0d0e0, 0x008ffffffffff000, 0xff8f000000001000,
				       0xffffe8ffffc01000};
	size_t i;

	for (i = 0; i < 3; i++)
		CHECK_EQ(OBJECT_POINTER(OBJECT_ADDR(OBJECT_WHERE(slab[i], 255)), KERNEL_SPACE_SLAB),
			 slab[i]);
	for (i = 0; i < 4; i++)
		CHECK_EQ(OBJECT_POINTER(OBJECT_ADDR(OBJECT_WHERE(percpu[i], 255)),
					KERNEL_PERCPU_SPACE(percpu[i])),
			 percpu[i]);
}

int main(void)
{
	table = calloc(N_SLOTS, sizeof(*table));
	if (!table)
		return 1;
	RUN(any_distance);
	RUN(replaces);
	RUN(words);
	free(table);
	RUN(pointers);
	return check_done();
}
