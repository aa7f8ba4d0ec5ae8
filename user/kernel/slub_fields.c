/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slub_fields - where the fields of SLUB's structures are on this kernel. */
#include "kernel/slub_priv.h"

static void learn_fields(const struct btf *btf, struct slub_fields *f)
{
	/* a structure of its own since 5.17, then embedded ones */
	const char *slab = layout__size(btf, "slab") ? "slab" : "page";
	const char *cpu_page = slab;

	f->compound = layout__field(btf, "page", "compound_head");
	if (!f->compound.bits)
		f->compound = layout__field(btf, "page", "compound_info"); /* since 7.1 */
	f->slab_cache = layout__field(btf, slab, "slab_cache");
	f->freelist = layout__field(btf, slab, "freelist");
	f->counters = layout__field(btf, slab, "counters");
	f->inuse = layout__field(btf, slab, "inuse");
	f->objects = layout__field(btf, slab, "objects");
	f->frozen = layout__field(btf, slab, "frozen");
	f->slab_list = layout__field(btf, slab, "slab_list");
	f->slab_next = layout__field(btf, slab, "next");
	f->name = layout__field(btf, "kmem_cache", "name");
	f->list = layout__field(btf, "kmem_cache", "list");
	f->size = layout__field(btf, "kmem_cache", "size");
	f->object_size = layout__field(btf, "kmem_cache", "object_size");
	f->offset = layout__field(btf, "kmem_cache", "offset");
	f->random = layout__field(btf, "kmem_cache", "random");
	f->red_left_pad = layout__field(btf, "kmem_cache", "red_left_pad");
	f->oo = layout__field(btf, "kmem_cache", "oo");
	f->cpu_slab = layout__field(btf, "kmem_cache", "cpu_slab");
	f->cpu_freelist = layout__field(btf, "kmem_cache_cpu", "freelist");
	f->cpu_tid = layout__field(btf, "kmem_cache_cpu", "tid");
	f->cpu_page = layout__field(btf, "kmem_cache_cpu", cpu_page);
	f->cpu_partial = layout__field(btf, "kmem_cache_cpu", "partial");
	f->cpu_sheaves = layout__field(btf, "kmem_cache", "cpu_sheaves");
	f->sheaf_main = layout__field(btf, "slub_percpu_sheaves", "main");
	f->sheaf_spare = layout__field(btf, "slub_percpu_sheaves", "spare");
	f->sheaf_rcu = layout__field(btf, "slub_percpu_sheaves", "rcu_free");
	f->sheaf_size = layout__field(btf, "slab_sheaf", "size");
	f->sheaf_objects = layout__field(btf, "slab_sheaf", "objects");
	f->sheaf_objects.bit = 8 * layout__size(btf, "slab_sheaf"); /* a flexible array */
	f->sheaf_list = layout__field(btf, "slab_sheaf", "barn_list");
	f->node = layout__field(btf, "kmem_cache", "node");
	f->per_node = layout__field(btf, "kmem_cache", "per_node");
	f->partial = layout__field(btf, "kmem_cache_node", "partial");
	f->barn = f->per_node.bits ? layout__field(btf, "kmem_cache_per_node_ptrs", "barn")
				   : layout__field(btf, "kmem_cache_node", "barn");
	if (f->per_node.bits)
		f->node = layout__field(btf, "kmem_cache_per_node_ptrs", "node");
	f->barn_full = layout__field(btf, "node_barn", "sheaves_full");
	f->page_size = layout__size(btf, "page");
	f->cache_size = layout__size(btf, "kmem_cache");
	f->cpu_size = layout__size(btf, "kmem_cache_cpu");
	f->sheaves_size = layout__size(btf, "slub_percpu_sheaves");
	f->node_size = layout__size(btf, "kmem_cache_per_node_ptrs");
}

static void learn_rcu_fields(const struct btf *btf, struct slub_fields *f)
{
	uint64_t krc, runqueues;

	f->rcu_head = layout__field(btf, "kfree_rcu_cpu", "head");
	f->rcu_works = layout__field(btf, "kfree_rcu_cpu", "krw_arr");
	f->rcu_bulk = layout__field(btf, "kfree_rcu_cpu", "bulk_head");
	f->work_head = layout__field(btf, "kfree_rcu_cpu_work", "head_free");
	f->work_bulk = layout__field(btf, "kfree_rcu_cpu_work", "bulk_head_free");
	f->bulk_next = layout__field(btf, "kvfree_rcu_bulk_data", "list");
	f->bulk_is_list = f->rcu_bulk.bits;
	if (!f->bulk_is_list) {
		f->rcu_bulk = layout__field(btf, "kfree_rcu_cpu", "bkvhead");
		f->work_bulk = layout__field(btf, "kfree_rcu_cpu_work", "bkvhead_free");
		f->bulk_next = layout__field(btf, "kvfree_rcu_bulk_data", "next");
	}
	f->bulk_n = layout__field(btf, "kvfree_rcu_bulk_data", "nr_records");
	f->bulk_records.bit = 8 * layout__size(btf, "kvfree_rcu_bulk_data"); /* flexible array */
	f->work_size = layout__size(btf, "kfree_rcu_cpu_work");
	f->has_rcu = f->rcu_head.bits && f->rcu_works.bits && f->rcu_bulk.bits &&
		     f->work_head.bits && f->work_bulk.bits && f->bulk_n.bits &&
		     layout__percpu(btf, "krc", &krc) &&
		     layout__percpu(btf, "runqueues", &runqueues);
	if (f->has_rcu)
		f->rcu_offset = krc - runqueues;
}

bool slub_fields__learn(const struct btf *btf, struct slub_fields *f)
{
	learn_fields(btf, f);
	learn_rcu_fields(btf, f);
	return f->compound.bits && f->slab_cache.bits && f->freelist.bits && f->objects.bits &&
	       f->size.bits && f->offset.bits && f->oo.bits && f->list.bits && f->name.bits &&
	       f->page_size && f->page_size <= SLUB_MAX_STRUCT && f->cache_size <= SLUB_MAX_SLAB &&
	       f->cpu_size <= SLUB_MAX_STRUCT && f->sheaves_size <= SLUB_MAX_STRUCT;
}
