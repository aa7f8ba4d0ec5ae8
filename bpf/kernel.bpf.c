/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * kernel - programs on the events of the kernel's allocators, thin: fetch the arguments, call
 * kernel_track.
 *
 * They are raw tracepoint programs, whose arguments are plain numbers: until 6.13 the verifier lets
 * nobody have an argument of type const void *, which most pointers here are, in tp_btf programs.
 * They cost the same. Arguments differ between kernels: where they do, there is a program for each
 * form, and user space loads the one that fits what BTF says of this kernel (user/kernel/forms.c).
 */
#include "kernel_pages.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* (call_site, ptr, bytes_req, bytes_alloc, gfp_flags ...), or in 5.19 and 6.0 with s before the
 * sizes */
static __always_inline int sized_event(__u64 *ctx, enum event_form form, __u32 class)
{
	struct filter_event e = {.ctx = ctx, .form = form};
	struct allocation a;

	if (!track_begin(&a, ctx, ctx[1], KERNEL_SPACE_SLAB, true))
		return 0;
	if (!is_wanted(&e))
		return track_reject(a.where);
	return track_alloc(&a, class,
			   form == FORM_SIZED ? object_what(ctx[2], ctx[3], KERNEL_SPACE_SLAB)
					      : object_what(ctx[3], ctx[4], KERNEL_SPACE_SLAB));
}

/* kmalloc[_node](call_site, ptr, bytes_req, bytes_alloc, gfp_flags[, node]) */
SEC("?raw_tp/kmalloc")
int on_kmalloc(__u64 *ctx)
{
	return sized_event(ctx, FORM_SIZED, KERNEL_KMALLOC);
}

SEC("?raw_tp/kmalloc_node")
int on_kmalloc_node(__u64 *ctx)
{
	return sized_event(ctx, FORM_SIZED, KERNEL_KMALLOC);
}

SEC("?raw_tp/kmalloc")
int on_kmalloc_519(__u64 *ctx)
{
	return sized_event(ctx, FORM_SIZED_519, KERNEL_KMALLOC);
}

SEC("?raw_tp/kmalloc_node")
int on_kmalloc_node_519(__u64 *ctx)
{
	return sized_event(ctx, FORM_SIZED_519, KERNEL_KMALLOC);
}

/* (call_site, ptr, s ...): sizes are the cache's */
static __always_inline int cache_event(__u64 *ctx, enum event_form form)
{
	struct filter_event e = {.ctx = ctx, .form = form};
	struct site_hits *here;
	struct allocation a;

	if (!track_begin(&a, ctx, ctx[1], KERNEL_SPACE_SLAB, true))
		return 0;
	here = site_enter(&a, ctx[2], KERNEL_CACHE);
	if (!here)
		return track_no_site();
	if (cfg.selective) {
		e.req = here->req;
		e.alloc = here->alloc;
		e.name = here->name;
		if (!is_wanted(&e))
			return track_reject(a.where);
	}
	return track_at(&a, here, object_what(here->req, here->alloc, KERNEL_SPACE_SLAB));
}

/* kmem_cache_alloc(call_site, ptr, s, gfp_flags, node), since 6.1 */
SEC("?raw_tp/kmem_cache_alloc")
int on_cache_alloc(__u64 *ctx)
{
	return cache_event(ctx, FORM_CACHE);
}

/* kmem_cache_alloc[_node](call_site, ptr, s, bytes_req, bytes_alloc, gfp_flags[, node]), 5.19, 6.0
 */
SEC("?raw_tp/kmem_cache_alloc")
int on_cache_alloc_519(__u64 *ctx)
{
	return cache_event(ctx, FORM_CACHE_519);
}

SEC("?raw_tp/kmem_cache_alloc_node")
int on_cache_alloc_node_519(__u64 *ctx)
{
	return cache_event(ctx, FORM_CACHE_519);
}

/* kmem_cache_alloc[_node](call_site, ptr, bytes_req, bytes_alloc, gfp_flags[, node]), before */
SEC("?raw_tp/kmem_cache_alloc")
int on_cache_alloc_old(__u64 *ctx)
{
	return sized_event(ctx, FORM_SIZED, KERNEL_CACHE);
}

SEC("?raw_tp/kmem_cache_alloc_node")
int on_cache_alloc_node_old(__u64 *ctx)
{
	return sized_event(ctx, FORM_SIZED, KERNEL_CACHE);
}

/* kfree(call_site, ptr) */
SEC("?raw_tp/kfree")
int on_kfree(__u64 *ctx)
{
	return track_free(ctx[1], KERNEL_SPACE_SLAB);
}

/* kmem_cache_free(call_site, ptr[, name or s]) */
SEC("?raw_tp/kmem_cache_free")
int on_cache_free(__u64 *ctx)
{
	return track_free(ctx[1], KERNEL_SPACE_SLAB);
}

#define GFP_MOVABLE 8 /* ___GFP_MOVABLE, the same in all kernels since 2.6.23 */

/*
 * mm_page_alloc(page, order, gfp_flags, migratetype). What can be moved are page cache and the
 * memory of processes.
 */
SEC("?raw_tp/mm_page_alloc")
int on_page_alloc(__u64 *ctx)
{
	struct filter_event e = {.ctx = ctx, .form = FORM_PAGES};
	struct allocation a;
	__u32 order = ctx[1];
	__u64 bytes;

	if (ctx[2] & GFP_MOVABLE || order > MAX_ORDER ||
	    !track_begin(&a, ctx, ctx[0], KERNEL_SPACE_PAGES, false))
		return 0;
	bytes = (__u64)cfg.page_size << order;
	e.alloc = bytes;
	if (!is_wanted(&e))
		return track_reject(a.where);
	if (!state.has_blocks[order])
		state.has_blocks[order] = 1;
	return track_alloc(&a, KERNEL_PAGES, object_what(bytes, bytes, KERNEL_SPACE_PAGES));
}

/* mm_page_free(page, order); also where a batch is freed */
SEC("?raw_tp/mm_page_free")
int on_page_free(__u64 *ctx)
{
	return track_page_free(ctx[0], ctx[1]);
}

/*
 * percpu_alloc_percpu(call_site, reserved, is_atomic, size, align, base_addr, off, ptr,
 * bytes_alloc, gfp_flags), since 5.19
 */
SEC("?raw_tp/percpu_alloc_percpu")
int on_percpu_alloc(__u64 *ctx)
{
	struct filter_event e = {.ctx = ctx, .form = FORM_PERCPU};
	struct allocation a;
	__u32 space = KERNEL_PERCPU_SPACE(ctx[7]);

	if (!track_begin(&a, ctx, ctx[7], space, true))
		return 0;
	if (!is_wanted(&e))
		return track_reject(a.where);
	return track_alloc(&a, KERNEL_PERCPU, object_what(ctx[3] * cfg.n_cpus, ctx[8], space));
}

/* percpu_alloc_percpu(reserved, is_atomic, size, align, base_addr, off, ptr), before */
SEC("?raw_tp/percpu_alloc_percpu")
int on_percpu_alloc_old(__u64 *ctx)
{
	struct filter_event e = {.ctx = ctx, .form = FORM_PERCPU_OLD};
	struct allocation a;
	__u32 space = KERNEL_PERCPU_SPACE(ctx[6]);
	__u64 bytes = ctx[2] * cfg.n_cpus;

	if (!track_begin(&a, ctx, ctx[6], space, false))
		return 0;
	if (!is_wanted(&e))
		return track_reject(a.where);
	return track_alloc(&a, KERNEL_PERCPU, object_what(bytes, bytes, space));
}

/* percpu_free_percpu(base_addr, off, ptr) */
SEC("?raw_tp/percpu_free_percpu")
int on_percpu_free(__u64 *ctx)
{
	return track_free(ctx[2], KERNEL_PERCPU_SPACE(ctx[2]));
}

/* alloc_vmap_area(addr, size, align, vstart, vend, failed) */
SEC("?raw_tp/alloc_vmap_area")
int on_vmap_alloc(__u64 *ctx)
{
	struct filter_event e = {.ctx = ctx, .form = FORM_VMALLOC};
	struct allocation a;
	__u64 addr = (__u32)ctx[5] ? 0 : ctx[0];

	if (!track_begin(&a, ctx, addr, KERNEL_SPACE_VMALLOC, false))
		return 0;
	if (!is_wanted(&e))
		return track_reject(a.where);
	return track_alloc(&a, KERNEL_VMALLOC, object_what(ctx[1], ctx[1], KERNEL_SPACE_VMALLOC));
}

/* free_vmap_area_noflush(va_start, nr_lazy, nr_lazy_max) */
SEC("?raw_tp/free_vmap_area_noflush")
int on_vmap_free(__u64 *ctx)
{
	return track_free(ctx[0], KERNEL_SPACE_VMALLOC);
}

/* Not attached: user space has them run. */
SEC("raw_tp")
int read_clock(void *ctx)
{
	state.jiffies = bpf_jiffies64();
	state.now_ns = bpf_ktime_get_ns();
	state.own_tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

SEC("raw_tp")
int peek(void *ctx)
{
	__u32 zero = 0, size = state.peek_size;
	void *room = bpf_map_lookup_elem(&peeked, &zero);

	if (!room || size > PEEK_ROOM)
		return 0;
	state.peek_result = bpf_probe_read_kernel(room, size, (const void *)state.peek_addr);
	return 0;
}

struct bpf_array {
	void *pptrs[1];
} __attribute__((preserve_access_index));

struct rq;

struct cfs_rq {
	struct rq *rq;
} __attribute__((preserve_access_index));

struct sched_entity {
	struct cfs_rq *cfs_rq;
} __attribute__((preserve_access_index));

struct task_struct___sched {
	struct sched_entity se;
} __attribute__((preserve_access_index));

/* A pointer as a number. Through memory, for otherwise there is no arithmetic on it. */
static __always_inline __u64 number_of(const void *p)
{
	*(volatile __u64 *)&state.percpu_offset = (__u64)p;
	return *(volatile __u64 *)&state.percpu_offset;
}

/*
 * What lies between a percpu pointer and this CPU's memory: the variable __per_cpu_offset, whose
 * address not every kernel tells.
 */
SEC("raw_tp")
int learn_cpu(void *ctx)
{
	struct task_struct___sched *task = (void *)bpf_get_current_task();
	__u64 map, base;
	__u32 zero = 0;
	void *here = bpf_map_lookup_elem(&percpu_anchor, &zero);

	if (!here)
		return 0;
	map = number_of(&percpu_anchor);
	map += bpf_core_field_offset(struct bpf_array, pptrs);
	bpf_probe_read_kernel(&base, sizeof(base), (const void *)map);
	state.percpu_offset = number_of(here) - base;
	state.runqueue = 0;
	if (bpf_core_field_exists(((struct cfs_rq *)0)->rq))
		state.runqueue = (__u64)BPF_CORE_READ(task, se.cfs_rq, rq);
	return 0;
}
