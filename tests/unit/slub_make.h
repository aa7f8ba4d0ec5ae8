/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slub_make - a small machine's memory with a SLUB in it, and the BTF that describes it. */
#ifndef SLUB_MAKE_H
#define SLUB_MAKE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <bpf/btf.h>

#define DIRECT_MAP 0xffff9a4a40000000ULL /* as drawn at boot */
#define VMEMMAP 0xffffe38c80000000ULL
#define PAGES 64
#define OTHER 0xffffa00000000000ULL /* memory that is in no slab */
#define OTHER_SIZE (1 << 16)
#define PERCPU_0 0x100000000ULL
#define N_CPUS 2
#define STRUCT_PAGE 64

/* Where fields are; sizes of structures. */
enum {
	PAGE_COMPOUND = 8,
	SLAB_CACHE = 8,
	SLAB_LIST = 16,
	SLAB_FREELIST = 32,
	SLAB_COUNTERS = 40,
	CACHE_CPU_SLAB = 0,
	CACHE_SIZE = 8,
	CACHE_OBJECT_SIZE = 12,
	CACHE_OFFSET = 16,
	CACHE_RANDOM = 24,
	CACHE_RED = 32,
	CACHE_OO = 36,
	CACHE_NAME = 40,
	CACHE_LIST = 48,
	CACHE_SHEAVES = 64,
	CACHE_NODE = 72,
	CACHE_BYTES = 80,
	SHEAF_SIZE = 16,
	SHEAF_OBJECTS = 24,
	NODE_PARTIAL = 0,
	NODE_BARN = 16,
	KRC_HEAD = 0,
	KRC_BULK = 8,
	KRC_WORKS = 40,
	WORK_BYTES = 40,
	KRC_BYTES = 120,
	BULK_N = 16,
	BULK_RECORDS = 24,
	KRC_AT = 0x100, /* in the per-CPU section */
	RQ_AT = 0x400,
};

struct machine {
	uint8_t pages[PAGES * 4096];
	uint8_t structs[PAGES * STRUCT_PAGE];
	uint8_t other[OTHER_SIZE];
	uint64_t used; /* of other */
	int reads;
	void (*hook)(struct machine *m, uint64_t addr, size_t size); /* before a read */
	uint64_t percpu_offset[N_CPUS], runqueue[N_CPUS];
};

static uint8_t *machine__at(struct machine *m, uint64_t addr, size_t size)
{
	if (addr >= DIRECT_MAP && addr + size <= DIRECT_MAP + sizeof(m->pages))
		return m->pages + (addr - DIRECT_MAP);
	if (addr >= VMEMMAP && addr + size <= VMEMMAP + sizeof(m->structs))
		return m->structs + (addr - VMEMMAP);
	if (addr >= OTHER && addr + size <= OTHER + sizeof(m->other))
		return m->other + (addr - OTHER);
	return NULL;
}

static int machine__read(void *ctx, uint64_t addr, void *buf, size_t size)
{
	struct machine *m = ctx;
	const uint8_t *from;

	m->reads++;
	if (m->hook)
		m->hook(m, addr, size);
	from = machine__at(m, addr, size);
	if (!from)
		return -EFAULT;
	memcpy(buf, from, size);
	return 0;
}

static void put(struct machine *m, uint64_t addr, uint64_t value, size_t size)
{
	uint8_t *to = machine__at(m, addr, size);

	if (to)
		memcpy(to, &value, size);
}

static void put64(struct machine *m, uint64_t addr, uint64_t value)
{
	put(m, addr, value, 8);
}

static uint64_t get64(struct machine *m, uint64_t addr)
{
	uint64_t value = 0;
	const uint8_t *from = machine__at(m, addr, 8);

	if (from)
		memcpy(&value, from, 8);
	return value;
}

static uint64_t take_memory(struct machine *m, size_t size)
{
	uint64_t at = OTHER + m->used;

	m->used += (size + 63) & ~63ULL;
	return at;
}

static uint64_t struct_page(uint64_t addr)
{
	return VMEMMAP + (addr - DIRECT_MAP) / 4096 * STRUCT_PAGE;
}

/* --- BTF --- */

struct field_spec {
	const char *type, *field;
	int of; /* a type below */
	uint32_t offset, bits, first_bit;
};

static int add_struct(struct btf *btf, const char *name, uint32_t size,
		      const struct field_spec *fields, size_t n)
{
	int id = btf__add_struct(btf, name, size);
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(fields[i].type, name))
			btf__add_field(btf, fields[i].field, fields[i].of,
				       8 * fields[i].offset + fields[i].first_bit, fields[i].bits);
	return id;
}

static struct btf *machine__btf(void)
{
	struct btf *btf = btf__new_empty();
	int u64 = btf__add_int(btf, "long unsigned int", 8, 0);
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);
	int index = u32, list, lists, bits, works, work, krc, rq, var_krc, var_rq;

	list = btf__add_struct(btf, "list_head", 16);
	btf__add_field(btf, "next", u64, 0, 0);
	btf__add_field(btf, "prev", u64, 64, 0);
	lists = btf__add_array(btf, index, list, 2);
	/* without a name, as the kernel has it */
	bits = btf__add_struct(btf, "", 8);
	btf__add_field(btf, "inuse", u32, 0, 16);
	btf__add_field(btf, "objects", u32, 16, 15);
	btf__add_field(btf, "frozen", u32, 31, 1);

	const struct field_spec fields[] = {
		{"page", "flags", u64, 0, 0, 0},
		{"page", "compound_head", u64, PAGE_COMPOUND, 0, 0},
		{"slab", "slab_cache", u64, SLAB_CACHE, 0, 0},
		{"slab", "slab_list", list, SLAB_LIST, 0, 0},
		{"slab", "next", u64, SLAB_LIST, 0, 0},
		{"slab", "freelist", u64, SLAB_FREELIST, 0, 0},
		{"slab", "counters", u64, SLAB_COUNTERS, 0, 0},
		{"slab", "", bits, SLAB_COUNTERS, 0, 0},
		{"kmem_cache", "cpu_slab", u64, CACHE_CPU_SLAB, 0, 0},
		{"kmem_cache", "size", u32, CACHE_SIZE, 0, 0},
		{"kmem_cache", "object_size", u32, CACHE_OBJECT_SIZE, 0, 0},
		{"kmem_cache", "offset", u32, CACHE_OFFSET, 0, 0},
		{"kmem_cache", "random", u64, CACHE_RANDOM, 0, 0},
		{"kmem_cache", "red_left_pad", u32, CACHE_RED, 0, 0},
		{"kmem_cache", "oo", u32, CACHE_OO, 0, 0},
		{"kmem_cache", "name", u64, CACHE_NAME, 0, 0},
		{"kmem_cache", "list", list, CACHE_LIST, 0, 0},
		{"kmem_cache", "cpu_sheaves", u64, CACHE_SHEAVES, 0, 0},
		{"kmem_cache", "node", u64, CACHE_NODE, 0, 0},
		{"kmem_cache_cpu", "freelist", u64, 0, 0, 0},
		{"kmem_cache_cpu", "tid", u64, 8, 0, 0},
		{"kmem_cache_cpu", "slab", u64, 16, 0, 0},
		{"kmem_cache_cpu", "partial", u64, 24, 0, 0},
		{"slub_percpu_sheaves", "main", u64, 0, 0, 0},
		{"slub_percpu_sheaves", "spare", u64, 8, 0, 0},
		{"slub_percpu_sheaves", "rcu_free", u64, 16, 0, 0},
		{"slab_sheaf", "barn_list", list, 0, 0, 0},
		{"slab_sheaf", "size", u32, SHEAF_SIZE, 0, 0},
		{"kmem_cache_node", "partial", list, NODE_PARTIAL, 0, 0},
		{"kmem_cache_node", "barn", u64, NODE_BARN, 0, 0},
		{"node_barn", "sheaves_full", list, 0, 0, 0},
		{"kfree_rcu_cpu_work", "head_free", u64, 0, 0, 0},
		{"kfree_rcu_cpu_work", "bulk_head_free", lists, 8, 0, 0},
		{"kvfree_rcu_bulk_data", "list", list, 0, 0, 0},
		{"kvfree_rcu_bulk_data", "nr_records", u64, BULK_N, 0, 0},
	};
	const size_t n = sizeof(fields) / sizeof(fields[0]);

	add_struct(btf, "page", STRUCT_PAGE, fields, n);
	add_struct(btf, "slab", STRUCT_PAGE, fields, n);
	add_struct(btf, "kmem_cache", CACHE_BYTES, fields, n);
	add_struct(btf, "kmem_cache_cpu", 32, fields, n);
	add_struct(btf, "slub_percpu_sheaves", 24, fields, n);
	add_struct(btf, "slab_sheaf", SHEAF_OBJECTS, fields, n);
	add_struct(btf, "kmem_cache_node", 24, fields, n);
	add_struct(btf, "node_barn", 16, fields, n);
	work = add_struct(btf, "kfree_rcu_cpu_work", WORK_BYTES, fields, n);
	works = btf__add_array(btf, index, work, 2);
	krc = btf__add_struct(btf, "kfree_rcu_cpu", KRC_BYTES);
	btf__add_field(btf, "head", u64, 8 * KRC_HEAD, 0);
	btf__add_field(btf, "bulk_head", lists, 8 * KRC_BULK, 0);
	btf__add_field(btf, "krw_arr", works, 8 * KRC_WORKS, 0);
	add_struct(btf, "kvfree_rcu_bulk_data", BULK_RECORDS, fields, n);
	rq = btf__add_struct(btf, "rq", 8);
	var_krc = btf__add_var(btf, "krc", BTF_VAR_STATIC, krc);
	var_rq = btf__add_var(btf, "runqueues", BTF_VAR_GLOBAL_ALLOCATED, rq);
	btf__add_datasec(btf, ".data..percpu", 0x1000);
	btf__add_datasec_var_info(btf, var_krc, KRC_AT, KRC_BYTES);
	btf__add_datasec_var_info(btf, var_rq, RQ_AT, 8);
	return btf;
}

/* --- what is in memory --- */

static void empty_list(struct machine *m, uint64_t head)
{
	put64(m, head, head);
	put64(m, head + 8, head);
}

static void link_behind(struct machine *m, uint64_t head, uint64_t node)
{
	put64(m, node, get64(m, head));
	put64(m, node + 8, head);
	put64(m, head, node);
}

/* A cache with nothing in it. */
static uint64_t make_cache(struct machine *m, const char *name, uint32_t size, uint32_t offset,
			   uint32_t order, uint64_t random)
{
	uint64_t c = take_memory(m, CACHE_BYTES), node = take_memory(m, 24),
		 text = take_memory(m, 64);

	memcpy(machine__at(m, text, 64), name, strlen(name) + 1);
	put(m, c + CACHE_SIZE, size, 4);
	put(m, c + CACHE_OBJECT_SIZE, size - 8, 4);
	put(m, c + CACHE_OFFSET, offset, 4);
	put64(m, c + CACHE_RANDOM, random);
	put(m, c + CACHE_OO, order << 16 | (4096U << order) / size, 4);
	put64(m, c + CACHE_NAME, text);
	put64(m, c + CACHE_NODE, node);
	empty_list(m, node + NODE_PARTIAL);
	return c;
}

/* Make pages a slab of a cache; all of its objects are taken. Returns its struct slab. */
static uint64_t make_slab(struct machine *m, uint64_t cache, uint64_t base)
{
	uint64_t page = struct_page(base);
	uint32_t size = get64(m, cache + CACHE_SIZE),
		 order = (uint32_t)get64(m, cache + CACHE_OO) >> 16;
	uint32_t n = (4096U << order) / size, i;

	put64(m, page + SLAB_CACHE, cache);
	put64(m, page + SLAB_FREELIST, 0);
	put64(m, page + SLAB_COUNTERS, n | (uint64_t)n << 16);
	for (i = 1; i < 1U << order; i++)
		put64(m, page + i * STRUCT_PAGE + PAGE_COMPOUND, page | 1);
	return page;
}

static void add_partial(struct machine *m, uint64_t cache, uint64_t page)
{
	link_behind(m, get64(m, cache + CACHE_NODE) + NODE_PARTIAL, page + SLAB_LIST);
}

/* Put an object in front of a list of free ones; returns the list's new head. */
static uint64_t free_object(struct machine *m, uint64_t cache, uint64_t object, uint64_t next)
{
	uint64_t at = object + (uint32_t)get64(m, cache + CACHE_OFFSET);
	uint64_t random = get64(m, cache + CACHE_RANDOM);

	put64(m, at, random ? next ^ random ^ __builtin_bswap64(at) : next);
	return object;
}
#endif
