/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SLUB says of an object, in a memory made for the test. */
#include "check.h"
#include "slub_make.h"

#include <stdlib.h>

#include "kernel/layout.h"
#include "kernel/slub.h"

#define RANDOM 0x5ca1ab1e0ddba11ULL
#define BASE (DIRECT_MAP + 8 * 4096) /* of the slab that is looked at */
#define OBJECT(i) (BASE + 256ULL * (i))

static struct machine m;
static uint64_t foo, first_cache, list;

/* Three caches by which the arrays of pages are found, and foo, whose slab is at BASE. */
static void make_machine(uint32_t order)
{
	uint64_t head, page, cache;
	int i;

	memset(&m, 0, sizeof(m));
	take_memory(&m, 4096); /* what is before the list's head is no cache */
	head = take_memory(&m, 64);
	empty_list(&m, head);
	list = head;
	for (i = 0; i < 3; i++) {
		cache = make_cache(&m, i ? "bar" : "baz", 512, 64, 0, i == 1 ? RANDOM : 0);
		link_behind(&m, head, cache + CACHE_LIST);
		page = make_slab(&m, cache, DIRECT_MAP + i * 4096);
		put64(&m, page + SLAB_FREELIST,
		      free_object(&m, cache, DIRECT_MAP + i * 4096 + 512, 0));
		add_partial(&m, cache, page);
		first_cache = cache;
	}
	foo = make_cache(&m, "foo", 256, 128, order, RANDOM);
	link_behind(&m, head, foo + CACHE_LIST);
	make_slab(&m, foo, BASE);
	for (i = 0; i < N_CPUS; i++) {
		m.percpu_offset[i] = OTHER + 0x8000 + i * 0x2000 - PERCPU_0;
		m.runqueue[i] = OTHER + 0x8000 + i * 0x2000 + RQ_AT;
	}
}

static uint64_t percpu(int cpu, uint64_t pointer)
{
	return pointer + m.percpu_offset[cpu];
}

static struct slub *open_slub(void)
{
	struct slub_memory memory = {.read = machine__read,
				     .ctx = &m,
				     .percpu_offset = m.percpu_offset,
				     .runqueue = m.runqueue,
				     .n_cpus = N_CPUS};
	struct btf *btf = machine__btf();
	struct slub *s = NULL;

	CHECK_EQ(slub__new(btf, &memory, &s), 0);
	btf__free(btf);
	return s;
}

static enum slub_state state(struct slub *s, uint64_t addr)
{
	struct slub_object o;

	CHECK_EQ(slub__examine(s, addr, &o), 0);
	return o.state;
}

/* All objects of the slab but those of a mask are taken; those are free. */
static void check_free(struct slub *s, uint32_t mask)
{
	uint32_t i, found = 0;

	for (i = 0; i < 16; i++)
		found |= (state(s, OBJECT(i)) == SLUB_FREE) << i;
	CHECK_EQ(found, mask);
	for (i = 0; i < 16; i++)
		if (!(mask >> i & 1))
			CHECK_EQ(state(s, OBJECT(i)), SLUB_TAKEN);
}

/* Free objects that /proc/slabinfo counts as active. */
static uint64_t held(struct slub *s)
{
	uint64_t n;

	CHECK_EQ(slub__held(s, "foo", &n), 0);
	return n;
}

static void own_list(void)
{
	struct slub_object o;
	struct slub *s;

	make_machine(0);
	put64(&m, struct_page(BASE) + SLAB_FREELIST,
	      free_object(&m, foo, OBJECT(3), free_object(&m, foo, OBJECT(7), 0)));
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	check_free(s, 1 << 3 | 1 << 7);
	CHECK_EQ(slub__examine(s, OBJECT(5) + 17, &o), 0);
	CHECK_EQ(o.start, OBJECT(5));
	CHECK_EQ(o.size, 256);
	CHECK_EQ(o.cache, foo);
	CHECK_STR(o.cache_name, "foo");
	/* by the list of caches, too */
	CHECK_EQ(slub__begin(s, 0, list), 0);
	check_free(s, 1 << 3 | 1 << 7);
	CHECK_EQ(held(s), 0); /* no CPU's */
	slub__free(s);
}

static void of_cpus(void)
{
	uint64_t cpu_slab = PERCPU_0 + 0x100 + KRC_BYTES + 0x80;
	struct slub *s;

	make_machine(0);
	put64(&m, foo + CACHE_CPU_SLAB, cpu_slab);
	put64(&m, percpu(1, cpu_slab),
	      free_object(&m, foo, OBJECT(5), free_object(&m, foo, OBJECT(6), 0)));
	put64(&m, percpu(1, cpu_slab) + 8, 41);
	put64(&m, percpu(1, cpu_slab) + 16, struct_page(BASE));
	put64(&m, struct_page(BASE) + SLAB_FREELIST, free_object(&m, foo, OBJECT(0), 0));
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	check_free(s, 1 << 0 | 1 << 5 | 1 << 6);
	CHECK_EQ(held(s), 3);
	slub__free(s);
}

/* Slabs that a CPU will take next: of 16 objects 11 and 4 are free. */
static void of_cpus_later(void)
{
	uint64_t cpu_slab = PERCPU_0 + 0x100 + KRC_BYTES + 0x80, n;
	struct slub *s;
	int i;

	make_machine(0);
	put64(&m, foo + CACHE_CPU_SLAB, cpu_slab);
	for (i = 1; i < 3; i++) {
		make_slab(&m, foo, BASE + i * 4096);
		put64(&m, struct_page(BASE + i * 4096) + SLAB_COUNTERS,
		      (i == 1 ? 5 : 12) | 16ULL << 16 | 1ULL << 31);
	}
	put64(&m, struct_page(BASE + 4096) + SLAB_LIST, struct_page(BASE + 2 * 4096));
	put64(&m, percpu(0, cpu_slab) + 24, struct_page(BASE + 4096));
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(held(s), 11 + 4);
	CHECK_EQ(slub__held(s, "fo", &n), 0);
	CHECK_EQ(n, 0);
	/* in a circle, or out of the cache: it ends */
	put64(&m, struct_page(BASE + 2 * 4096) + SLAB_LIST, struct_page(BASE + 4096));
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(held(s), 512 * (11 + 4));
	put64(&m, struct_page(BASE + 2 * 4096) + SLAB_LIST, OTHER);
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(held(s), 11 + 4);
	slub__free(s);
}

static uint64_t make_sheaf(int object)
{
	uint64_t sheaf = take_memory(&m, 64);

	put(&m, sheaf + SHEAF_SIZE, 1, 4);
	put64(&m, sheaf + SHEAF_OBJECTS, OBJECT(object));
	return sheaf;
}

static void of_sheaves(void)
{
	uint64_t sheaves = PERCPU_0 + 0x800, barn, cpu;
	struct slub *s;

	make_machine(0);
	put64(&m, foo + CACHE_SHEAVES, sheaves);
	cpu = percpu(0, sheaves);
	put64(&m, cpu, make_sheaf(9));
	put64(&m, cpu + 8, make_sheaf(10));
	put64(&m, cpu + 16, make_sheaf(11));
	put64(&m, percpu(1, sheaves), make_sheaf(2));
	barn = take_memory(&m, 64);
	empty_list(&m, barn);
	link_behind(&m, barn, make_sheaf(12));
	put64(&m, get64(&m, foo + CACHE_NODE) + NODE_BARN, barn);
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	check_free(s, 1 << 9 | 1 << 10 | 1 << 11 | 1 << 2 | 1 << 12);
	CHECK_EQ(held(s), 5);
	slub__free(s);
}

static void of_rcu(void)
{
	uint64_t krc, bulk;
	struct slub *s;
	int cpu, i;

	make_machine(0);
	for (cpu = 0; cpu < N_CPUS; cpu++) {
		krc = m.runqueue[cpu] - RQ_AT + KRC_AT;
		for (i = 0; i < 2; i++)
			empty_list(&m, krc + KRC_BULK + 16 * i);
		for (i = 0; i < 4; i++)
			empty_list(&m, krc + KRC_WORKS + i / 2 * WORK_BYTES + 8 + 16 * (i & 1));
	}
	krc = m.runqueue[1] - RQ_AT + KRC_AT;
	/* a head in the midst of the object; a batch that waits for its grace period */
	put64(&m, krc + KRC_HEAD, OBJECT(14) + 16);
	bulk = take_memory(&m, 64);
	put64(&m, bulk + BULK_N, 2);
	put64(&m, bulk + BULK_RECORDS, OBJECT(13));
	put64(&m, bulk + BULK_RECORDS + 8, OBJECT(1));
	link_behind(&m, krc + KRC_WORKS + WORK_BYTES + 8, bulk);
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(state(s, OBJECT(14)), SLUB_WAITING);
	CHECK_EQ(state(s, OBJECT(13)), SLUB_WAITING);
	CHECK_EQ(state(s, OBJECT(1)), SLUB_WAITING);
	CHECK_EQ(state(s, OBJECT(0)), SLUB_TAKEN);
	CHECK_EQ(state(s, OBJECT(15)), SLUB_TAKEN);
	CHECK_EQ(held(s), 3);
	CHECK_EQ(held(s), 3);
	slub__free(s);
}

/* A slab of two pages: an object on the second one, whose struct page tells the first one. */
static void tail_pages(void)
{
	uint64_t tail = struct_page(BASE) + STRUCT_PAGE;
	struct slub *s;
	int form;

	for (form = 0; form < 2; form++) {
		make_machine(1);
		if (form) /* since 7.1 by a mask for its own address */
			put64(&m, tail + PAGE_COMPOUND, ~(2ULL * STRUCT_PAGE - 1) | 1);
		put64(&m, struct_page(BASE) + SLAB_FREELIST, free_object(&m, foo, OBJECT(20), 0));
		s = open_slub();
		CHECK_EQ(slub__begin(s, first_cache, 0), 0);
		CHECK_EQ(state(s, OBJECT(20)), SLUB_FREE);
		CHECK_EQ(state(s, OBJECT(21)), SLUB_TAKEN);
		slub__free(s);
	}
}

static void gone(void)
{
	struct slub *s;

	make_machine(0);
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(state(s, DIRECT_MAP + 20 * 4096 + 256), SLUB_NONE);
	CHECK_EQ(state(s, OTHER), SLUB_UNKNOWN); /* no struct page */
	put64(&m, struct_page(BASE) + SLAB_CACHE, 0);
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(state(s, OBJECT(1)), SLUB_NONE);
	slub__free(s);
}

/* --- memory that changes while it is read, and memory that makes no sense --- */

static int changes;

/* Each time the slab is copied, an object has just been taken off its list. */
static void take_one(struct machine *machine, uint64_t addr, size_t size)
{
	(void)size;
	if (addr == BASE && changes) {
		changes--;
		put64(machine, struct_page(BASE) + SLAB_COUNTERS,
		      get64(machine, struct_page(BASE) + SLAB_COUNTERS) + 1);
	}
}

static void changed_meanwhile(void)
{
	struct slub *s;

	make_machine(0);
	put64(&m, struct_page(BASE) + SLAB_FREELIST, free_object(&m, foo, OBJECT(3), 0));
	m.hook = take_one;
	changes = 2;
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(state(s, OBJECT(3)), SLUB_FREE); /* at the third try */
	CHECK_EQ(changes, 0);
	changes = 1000;
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(state(s, OBJECT(3)), SLUB_UNKNOWN);
	slub__free(s);
}

/* The slab that a CPU allocates from all the time: what it holds is counted all the same. */
static void never_still(void)
{
	uint64_t cpu_slab = PERCPU_0 + 0x100 + KRC_BYTES + 0x80;
	struct slub *s;

	make_machine(0);
	put64(&m, foo + CACHE_CPU_SLAB, cpu_slab);
	put64(&m, percpu(1, cpu_slab),
	      free_object(&m, foo, OBJECT(5), free_object(&m, foo, OBJECT(6), 0)));
	put64(&m, percpu(1, cpu_slab) + 16, struct_page(BASE));
	put64(&m, struct_page(BASE) + SLAB_FREELIST, free_object(&m, foo, OBJECT(0), 0));
	m.hook = take_one;
	changes = 1000;
	s = open_slub();
	CHECK_EQ(slub__begin(s, first_cache, 0), 0);
	CHECK_EQ(state(s, OBJECT(5)), SLUB_UNKNOWN);
	CHECK_EQ(held(s), 3);
	/* as it is, not as it was when that object was asked for */
	changes = 0;
	put64(&m, struct_page(BASE) + SLAB_FREELIST, 0);
	CHECK_EQ(held(s), 2);
	slub__free(s);
}

static void senseless(void)
{
	struct slub *s;
	uint64_t page;

	/* around in a circle, out of the slab, between two objects */
	const uint64_t next[] = {OBJECT(3), OTHER, OBJECT(4) + 8};
	size_t i;

	for (i = 0; i < 3; i++) {
		make_machine(0);
		page = struct_page(BASE);
		put64(&m, page + SLAB_FREELIST, free_object(&m, foo, OBJECT(3), next[i]));
		s = open_slub();
		CHECK_EQ(slub__begin(s, first_cache, 0), 0);
		CHECK_EQ(state(s, OBJECT(3)), SLUB_UNKNOWN);
		CHECK_EQ(state(s, OBJECT(4)), SLUB_UNKNOWN);
		slub__free(s);
	}
	/* caches that cannot be read, and a list of them that does not end where it began */
	make_machine(0);
	s = open_slub();
	CHECK_EQ(slub__begin(s, OTHER + OTHER_SIZE, 0), -ENODATA);
	CHECK_EQ(slub__begin(s, 0, 0), -ENODATA);
	put64(&m, first_cache + CACHE_LIST, 0xdead);
	slub__begin(s, first_cache, 0);
	slub__free(s);
}

/* --- layout --- */

static void fields(void)
{
	struct btf *btf = machine__btf();
	const uint64_t counters = 3 | 16ULL << 16 | 1ULL << 31;
	struct field f = layout__field(btf, "slab", "objects");
	uint64_t offset;

	CHECK_EQ(f.bit, 8 * SLAB_COUNTERS + 16);
	CHECK_EQ(f.bits, 15);
	f.bit -= 8 * SLAB_COUNTERS;
	CHECK_EQ(field__get(f, &counters, 8), 16);
	CHECK_EQ(field__get(f, &counters, 2), 0); /* not in there */
	f = layout__field(btf, "kmem_cache", "list.prev");
	CHECK_EQ(f.bit, 8 * (CACHE_LIST + 8));
	CHECK_EQ(layout__field(btf, "kmem_cache", "lost").bits, 0);
	CHECK_EQ(layout__field(btf, "kmem_cache", "size.prev").bits, 0);
	CHECK_EQ(layout__field(btf, "nothing", "list").bits, 0);
	CHECK_EQ(layout__size(btf, "kmem_cache"), CACHE_BYTES);
	CHECK_EQ(layout__size(btf, "nothing"), 0);
	CHECK(layout__percpu(btf, "krc", &offset) && offset == KRC_AT);
	CHECK(!layout__percpu(btf, "nothing", &offset));
	btf__free(btf);
}

static void unknown_allocator(void)
{
	struct slub_memory memory = {.read = machine__read, .ctx = &m};
	struct btf *btf = btf__new_empty();
	struct slub *s = NULL;

	CHECK_EQ(slub__new(btf, &memory, &s), -ENOTSUP);
	CHECK(!s);
	btf__free(btf);
}

int main(void)
{
	RUN(own_list);
	RUN(of_cpus);
	RUN(of_cpus_later);
	RUN(of_sheaves);
	RUN(of_rcu);
	RUN(tail_pages);
	RUN(gone);
	RUN(changed_meanwhile);
	RUN(never_still);
	RUN(senseless);
	RUN(fields);
	RUN(unknown_allocator);
	return check_done();
}
