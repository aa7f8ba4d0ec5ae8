/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slub_priv - what the files that implement slub share. */
#ifndef KERNEL_SLUB_PRIV_H
#define KERNEL_SLUB_PRIV_H

#include "kernel/slub.h"

#include <errno.h>

#include "kernel/layout.h"

#define SLUB_PAGE_SHIFT 12
#define SLUB_WINDOW 4096 /* bytes of struct pages read at once */

#define SLUB_MAX_SLAB (1u << 20) /* bytes: order 8 */
#define SLUB_MAX_STRUCT 256	 /* bytes of those that are read as a whole */

/* Fields of the structures; those that a kernel does not have are all 0. */
struct slub_fields {
	struct field compound, slab_cache, freelist, counters, inuse, objects, frozen, slab_list,
		slab_next;
	struct field name, list, size, object_size, offset, random, red_left_pad, oo;
	struct field cpu_slab, cpu_freelist, cpu_tid, cpu_page, cpu_partial;
	struct field cpu_sheaves, sheaf_main, sheaf_spare, sheaf_rcu;
	struct field sheaf_size, sheaf_objects, sheaf_list;
	struct field node, barn, partial, barn_full, per_node;
	/* of what waits for RCU: lists of list_head since 6.4, of pointers before */
	struct field rcu_head, rcu_bulk, rcu_works, work_head, work_bulk;
	struct field bulk_n, bulk_next, bulk_records;
	bool bulk_is_list, has_rcu;
	uint64_t rcu_offset; /* of its per-CPU variable, from the struct rq on */
	size_t work_size;
	size_t page_size, cache_size, cpu_size, sheaves_size;
	size_t node_size; /* of an element of per_node */
};

/* Objects that are free, but not in a list of their slab. */
struct address_set {
	uint64_t *addr; /* sorted once filled */
	size_t n, max;
};

/* The slab that a CPU allocates from, and the first of those that it will take next. */
struct cpu_state {
	uint64_t freelist, tid, page, partial;
};

struct cache {
	uint64_t addr;
	char name[SLUB_NAME];
	uint32_t size, object_size, offset, red_left_pad, order;
	uint64_t random, cpu_slab, cpu_sheaves;
	bool was_read; /* what follows is as of this slub__begin */
	struct cpu_state *cpus;
	struct address_set sheaves;
	uint64_t n_waiting; /* once waiting_counted */
};

struct slab {
	uint64_t base, end; /* of its memory; 0: none known */
	struct cache *cache;
	uint32_t n_objects;
	bool known;    /* which objects are free */
	bool none;     /* there is no slab */
	uint8_t *free; /* one for each object */
};

struct slub {
	struct slub_memory mem;
	struct slub_fields f;
	struct cache *caches; /* sorted by address */
	size_t n_caches;
	uint64_t page_origin; /* of the struct page that address 0 would have; 0: unknown */
	struct slab slab;     /* the one asked for last */
	struct address_set waiting;
	bool waiting_counted; /* by cache */
	uint8_t *buf;
	uint64_t window_at; /* address of what is in window; 0: nothing */
	uint8_t window[SLUB_WINDOW];
};

static inline int slub__read_mem(const struct slub *s, uint64_t addr, void *buf, size_t size)
{
	return addr ? s->mem.read(s->mem.ctx, addr, buf, size) : -EFAULT;
}

static inline uint64_t slub__read_word(const struct slub *s, uint64_t addr)
{
	uint64_t word;

	return slub__read_mem(s, addr, &word, sizeof(word)) ? 0 : word;
}

/* slub_fields.c: what BTF says. False: not a SLUB that we know. */
bool slub_fields__learn(const struct btf *btf, struct slub_fields *f);

/* NULL: no such cache. */
struct cache *slub__find_cache(const struct slub *s, uint64_t addr);
/* Read what there is to know of a cache, but of its slabs. Returns 0 or -ENOMEM. */
int slub__visit_cache(struct slub *s, struct cache *c);

/* slub_free.c: objects that are free, but in no list of their slab. */

/* Is one of a set in [start, end)? */
bool address_set__has(const struct address_set *set, uint64_t start, uint64_t end);
/* The struct kmem_cache_node of the first node, 0: none; *barn: what has its sheaves, 0: none. */
uint64_t slub__node(const struct slub *s, const struct cache *c, uint64_t *barn);
/* Those in the sheaves of a cache, to c->sheaves. Returns 0 or -ENOMEM. */
int slub__read_sheaves(struct slub *s, struct cache *c);
/* Those given to kfree_rcu that still wait, to s->waiting. Returns 0 or -ENOMEM. */
int slub__read_waiting(struct slub *s);
#endif
