/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slub_free - objects that are free, but in no list of their slab: those that lie in sheaves, and
 * those that wait for RCU.
 */
#include "kernel/slub_priv.h"

#include <stdlib.h>

#define MAX_SHEAVES 4096  /* in a barn */
#define MAX_SHEAF 1024	  /* objects in a sheaf */
#define MAX_WAITING 65536 /* lists of objects that wait for RCU */

/* --- sets of addresses --- */

static int set_add(struct address_set *set, uint64_t addr)
{
	uint64_t *grown;
	size_t max;

	if (set->n == set->max) {
		max = set->max ? set->max * 2 : 64;
		grown = reallocarray(set->addr, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		set->addr = grown;
		set->max = max;
	}
	set->addr[set->n++] = addr;
	return 0;
}

static int compare_u64(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return (a > b) - (a < b);
}

static void set_sort(struct address_set *set)
{
	if (set->n)
		qsort(set->addr, set->n, sizeof(*set->addr), compare_u64);
}

/* Is one of them in [start, end)? */
bool address_set__has(const struct address_set *set, uint64_t start, uint64_t end)
{
	size_t low = 0, high = set->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (set->addr[mid] < start)
			low = mid + 1;
		else
			high = mid;
	}
	return low < set->n && set->addr[low] < end;
}

uint64_t slub__node(const struct slub *s, const struct cache *c, uint64_t *barn)
{
	const struct slub_fields *f = &s->f;
	uint64_t node;

	*barn = 0;
	if (f->per_node.bits) {
		node = c->addr + field__offset(f->per_node);
		if (f->barn.bits)
			*barn = slub__read_word(s, node + field__offset(f->barn));
		return slub__read_word(s, node + field__offset(f->node));
	}
	node = slub__read_word(s, c->addr + field__offset(f->node));
	if (node && f->barn.bits)
		*barn = slub__read_word(s, node + field__offset(f->barn));
	return node;
}

/* --- sheaves --- */

static int add_sheaf(struct slub *s, struct address_set *set, uint64_t sheaf)
{
	uint64_t objects[MAX_SHEAF];
	uint32_t n = 0;
	size_t i;
	int err = 0;

	if (slub__read_mem(s, sheaf + field__offset(s->f.sheaf_size), &n, sizeof(n)) || !n ||
	    n > MAX_SHEAF)
		return 0;
	if (slub__read_mem(s, sheaf + field__offset(s->f.sheaf_objects), objects,
			   n * sizeof(*objects)))
		return 0;
	for (i = 0; i < n && !err; i++)
		err = set_add(set, objects[i]);
	return err;
}

static int add_barn(struct slub *s, struct address_set *set, uint64_t barn)
{
	uint64_t head = barn + field__offset(s->f.barn_full), at = head;
	int err = 0, i;

	for (i = 0; i < MAX_SHEAVES && !err; i++) {
		at = slub__read_word(s, at);
		if (!at || at == head)
			break;
		err = add_sheaf(s, set, at - field__offset(s->f.sheaf_list));
	}
	return err;
}

int slub__read_sheaves(struct slub *s, struct cache *c)
{
	const struct slub_fields *f = &s->f;
	uint64_t barn, sheaf;
	uint8_t buf[SLUB_MAX_STRUCT];
	size_t cpu;
	int err = 0;

	if (!c->cpu_sheaves || !f->sheaf_size.bits)
		return 0;
	for (cpu = 0; cpu < s->mem.n_cpus && !err; cpu++) {
		if (slub__read_mem(s, c->cpu_sheaves + s->mem.percpu_offset[cpu], buf,
				   f->sheaves_size))
			continue;
		sheaf = field__get(f->sheaf_main, buf, f->sheaves_size);
		if (sheaf)
			err = add_sheaf(s, &c->sheaves, sheaf);
		sheaf = field__get(f->sheaf_spare, buf, f->sheaves_size);
		if (sheaf && !err)
			err = add_sheaf(s, &c->sheaves, sheaf);
		sheaf = field__get(f->sheaf_rcu, buf, f->sheaves_size);
		if (sheaf && !err)
			err = add_sheaf(s, &c->sheaves, sheaf);
	}
	slub__node(s, c, &barn);
	if (barn && !err)
		err = add_barn(s, &c->sheaves, barn);
	set_sort(&c->sheaves);
	return err;
}

/* --- what was given to kfree_rcu, mm/slab_common.c (until 6.13 kernel/rcu/tree.c) --- */

/* Objects linked by a head in each of them: the head's address tells which object it is. */
static int add_heads(struct slub *s, uint64_t at)
{
	int err = 0;

	for (; at && s->waiting.n < MAX_WAITING && !err; at = slub__read_word(s, at))
		err = set_add(&s->waiting, at);
	return err;
}

/* Pages of pointers to objects. */
static int add_bulks(struct slub *s, uint64_t first)
{
	const struct slub_fields *f = &s->f;
	uint64_t at = slub__read_word(s, first), n, node, records[512];
	size_t i;
	int err = 0;

	while (at && at != first && s->waiting.n < MAX_WAITING && !err) {
		node = f->bulk_is_list ? at - field__offset(f->bulk_next) : at;
		n = slub__read_word(s, node + field__offset(f->bulk_n));
		if (n > sizeof(records) / sizeof(*records) ||
		    slub__read_mem(s, node + field__offset(f->bulk_records), records,
				   n * sizeof(*records)))
			break;
		for (i = 0; i < n && !err; i++)
			err = set_add(&s->waiting, records[i]);
		at = f->bulk_is_list ? slub__read_word(s, at)
				     : slub__read_word(s, node + field__offset(f->bulk_next));
	}
	return err;
}

#define BULKS 2 /* lists for slab and for vmalloc memory */
#define WORKS 2 /* batches that wait for a grace period: KFREE_N_BATCHES */

int slub__read_waiting(struct slub *s)
{
	const struct slub_fields *f = &s->f;
	uint64_t krc, work;
	size_t cpu, i, step = f->bulk_is_list ? 2 * sizeof(uint64_t) : sizeof(uint64_t), k;
	int err = 0;

	s->waiting.n = 0;
	if (!f->has_rcu || !s->mem.runqueue)
		return 0;
	for (cpu = 0; cpu < s->mem.n_cpus && !err; cpu++) {
		if (!s->mem.runqueue[cpu])
			continue;
		krc = s->mem.runqueue[cpu] + f->rcu_offset;
		err = add_heads(s, slub__read_word(s, krc + field__offset(f->rcu_head)));
		for (i = 0; i < BULKS && !err; i++)
			err = add_bulks(s, krc + field__offset(f->rcu_bulk) + i * step);
		for (k = 0; k < WORKS && !err; k++) {
			work = krc + field__offset(f->rcu_works) + k * f->work_size;
			err = add_heads(s, slub__read_word(s, work + field__offset(f->work_head)));
			for (i = 0; i < BULKS && !err; i++)
				err = add_bulks(s, work + field__offset(f->work_bulk) + i * step);
		}
	}
	set_sort(&s->waiting);
	return err;
}
