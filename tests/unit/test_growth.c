/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growth: mappings that grow, split, merge, come and go; the changes always add up. */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>

#include "maps/growth.h"
#include "maps/layout.h"

#define PAGE 4096ULL

struct space {
	struct smaps smaps;
	struct layout layout;
};

static void add(struct space *s, uint64_t start, uint64_t end, const char *path, uint64_t held)
{
	struct smaps_vma v = {.map = {.start = start,
				      .end = end,
				      .read = true,
				      .write = true,
				      .path = strdup(path)},
			      .has = 1u << SMAPS_RSS};

	v.bytes[SMAPS_RSS] = held;
	v.bytes[SMAPS_PRIVATE_DIRTY] = held / 2;
	CHECK_EQ(smaps__add(&s->smaps, &v), 0);
}

static void finish(struct space *s)
{
	smaps__finish(&s->smaps);
	CHECK_EQ(layout__make(&s->smaps, NULL, &s->layout), 0);
}

static void clear(struct space *s)
{
	layout__clear(&s->layout);
	smaps__clear(&s->smaps);
}

static void each_change_by_its_name(void)
{
	struct space a = {0}, b = {0};
	struct growth g;

	add(&a, 0x10000, 0x20000, "[heap]", 0x8000); /* grows up */
	add(&b, 0x10000, 0x30000, "[heap]", 0x18000);
	add(&a, 0x50000, 0x60000, "", 0x1000); /* grows down */
	add(&b, 0x40000, 0x60000, "", 0x2000);
	add(&a, 0x70000, 0x80000, "", 0x4000); /* is split, loses its middle */
	add(&b, 0x70000, 0x74000, "", 0x2000);
	add(&b, 0x78000, 0x80000, "", 0x2000);
	add(&a, 0x90000, 0x92000, "", 0x1000); /* two become one */
	add(&a, 0x94000, 0x96000, "", 0x1000);
	add(&b, 0x90000, 0x96000, "", 0x3000);
	add(&a, 0xa0000, 0xb0000, "", 0x5000); /* gone */
	add(&b, 0xc0000, 0xd0000, "", 0x6000); /* new */
	add(&a, 0xe0000, 0xf0000, "", 0x7000); /* stays */
	add(&b, 0xe0000, 0xf0000, "", 0x7000);
	finish(&a);
	finish(&b);
	CHECK_EQ(growth__make(&a.layout, &b.layout, &g), 0);
	CHECK_EQ(g.n, 6);
	if (g.n == 6) {
		static const struct {
			uint64_t start, end;
			int64_t held, size;
			size_t before, after;
		} expected[] = {
			{0x10000, 0x30000, 0x10000, 0x10000, 1, 1},
			{0xc0000, 0xd0000, 0x6000, 0x10000, 0, 1},
			{0x40000, 0x60000, 0x1000, 0x10000, 1, 1},
			{0x90000, 0x96000, 0x1000, 0x2000, 2, 1},
			{0x70000, 0x80000, 0, -0x4000, 1, 2},
			{0xa0000, 0xb0000, -0x5000, -0x10000, 1, 0},
		};
		for (size_t i = 0; i < 6; i++) {
			CHECK_EQ(g.change[i].start, expected[i].start);
			CHECK_EQ(g.change[i].end, expected[i].end);
			CHECK_EQ(g.change[i].held, expected[i].held);
			CHECK_EQ(g.change[i].size, expected[i].size);
			CHECK_EQ(g.change[i].before, expected[i].before);
			CHECK_EQ(g.change[i].after, expected[i].after);
		}
	}
	CHECK_EQ(g.n_groups, 2);
	CHECK_EQ(g.group[0].kind, MAP_HEAP);
	CHECK_EQ(g.group[1].kind, MAP_ANON);
	CHECK_EQ(g.group[1].appeared, 1);
	CHECK_EQ(g.group[1].vanished, 1);
	CHECK_EQ(g.group[1].grew, 2);
	CHECK_EQ(g.group[1].shrank, 1);
	CHECK(growth__main(&g) == &g.group[0]);
	CHECK_EQ(g.total.held, 0x10000 + 0x6000 + 0x1000 + 0x1000 - 0x5000);
	growth__clear(&g);
	/* and back: what has grown shrinks */
	CHECK_EQ(growth__make(&b.layout, &a.layout, &g), 0);
	CHECK_EQ(g.n, 6);
	CHECK_EQ(g.total.held, -(0x10000 + 0x6000 + 0x1000 + 0x1000 - 0x5000));
	CHECK_EQ(g.change[0].start, 0xa0000);
	growth__clear(&g);
	/* nothing to tell of the same */
	CHECK_EQ(growth__make(&a.layout, &a.layout, &g), 0);
	CHECK_EQ(g.n, 0);
	CHECK(!growth__main(&g));
	growth__clear(&g);
	clear(&a);
	clear(&b);
}

static void make_random(struct space *s, unsigned int *seed)
{
	uint64_t at = PAGE, size;

	for (int i = 0; i < 200; i++) {
		at += rand_r(seed) % 3 * PAGE;
		size = (1 + rand_r(seed) % 4) * PAGE;
		add(s, at, at + size, rand_r(seed) % 2 ? "" : "[heap]",
		    rand_r(seed) % (size / PAGE + 1) * PAGE);
		at += size;
	}
	finish(s);
}

static void sum(const struct space *s, int64_t sign, int64_t total[4])
{
	for (size_t i = 0; i < s->smaps.n; i++) {
		const struct smaps_vma *v = &s->smaps.vma[i];

		total[0] += sign * (int64_t)(v->map.end - v->map.start);
		total[1] += sign * (int64_t)smaps__held(v);
		total[2] += sign * (int64_t)smaps__uss(v);
		total[3] += sign;
	}
}

static void changes_add_up(void)
{
	unsigned int seed = 4711;

	for (int round = 0; round < 200; round++) {
		struct space a = {0}, b = {0};
		int64_t want[4] = {0}, changes[4] = {0}, groups[4] = {0};
		struct growth g;

		make_random(&a, &seed);
		make_random(&b, &seed);
		sum(&a, -1, want);
		sum(&b, 1, want);
		CHECK_EQ(growth__make(&a.layout, &b.layout, &g), 0);
		for (size_t i = 0; i < g.n; i++) {
			const struct change *c = &g.change[i];

			changes[0] += c->size;
			changes[1] += c->held;
			changes[2] += c->uss;
			changes[3] += (int64_t)c->after - (int64_t)c->before;
			for (size_t k = 0; k < i; k++) /* none overlaps another */
				CHECK(c->end <= g.change[k].start || c->start >= g.change[k].end);
		}
		for (size_t i = 0; i < g.n_groups; i++) {
			groups[0] += g.group[i].size;
			groups[1] += g.group[i].held;
			groups[2] += g.group[i].uss;
			groups[3] += g.group[i].mappings;
		}
		for (int k = 0; k < 4; k++) {
			CHECK_EQ(changes[k], want[k]);
			CHECK_EQ(groups[k], want[k]);
		}
		CHECK_EQ(g.total.held, want[1]);
		growth__clear(&g);
		clear(&a);
		clear(&b);
	}
}

/* Address space that grows without memory is a growth, too, but not of what nobody may access. */
static void growth_of_addresses_alone(void)
{
	struct space a = {0}, b = {0};
	struct growth g;

	add(&a, 0x10000, 0x20000, "", 0x1000);
	add(&b, 0x10000, 0x90000, "", 0x1000);
	finish(&a);
	finish(&b);
	CHECK_EQ(growth__make(&a.layout, &b.layout, &g), 0);
	CHECK(growth__main(&g) && growth__main(&g)->kind == MAP_ANON);
	CHECK_EQ(g.total.held, 0);
	CHECK_EQ(g.total.size, 0x70000);
	growth__clear(&g);
	clear(&a);
	clear(&b);
}

/* Side by side is not the same. */
static void neighbours(void)
{
	struct space a = {0}, b = {0};
	struct growth g;

	add(&a, 0x10000, 0x20000, "", 0x1000);
	add(&b, 0x10000, 0x20000, "", 0x1000);
	add(&b, 0x20000, 0x30000, "[heap]", 0x1000);
	add(&b, 0x30000, 0x40000, "", 0x1000);
	finish(&a);
	finish(&b);
	CHECK_EQ(growth__make(&a.layout, &b.layout, &g), 0);
	CHECK_EQ(g.n, 2);
	CHECK_EQ(g.total.appeared, 2);
	growth__clear(&g);
	clear(&a);
	clear(&b);
}

int main(void)
{
	RUN(neighbours);
	RUN(each_change_by_its_name);
	RUN(changes_add_up);
	RUN(growth_of_addresses_alone);
	return check_done();
}
