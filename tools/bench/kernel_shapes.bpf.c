/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * kernel_shapes - what "make bench-kernel" measures -k against: programs that do nothing, some that
 * take a stack by bpf_get_stackid and leave it at that, and a tracer in the shape of bcc's memleak.
 * See kernel_shapes.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct info {
	__u64 size, timestamp;
	int stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000000); /* as bcc's */
	__type(key, __u64);
	__type(value, struct info);
} allocs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 10240);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
} stacks SEC(".maps");

__u64 seen;
int last_stack;

#define EMPTY(name, event)                                                                         \
	SEC("?tp_btf/" #event)                                                                     \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		return 0;                                                                          \
	}

EMPTY(empty_kmalloc, kmalloc)
EMPTY(empty_kmalloc_node, kmalloc_node) /* these two are gone since 6.1 */
EMPTY(empty_cache_alloc_node, kmem_cache_alloc_node)
EMPTY(empty_cache_alloc, kmem_cache_alloc)
EMPTY(empty_kfree, kfree)
EMPTY(empty_cache_free, kmem_cache_free)

/* Raw, as the arguments of tp_btf programs may not be const void * until 6.13. */
SEC("raw_tp/kmalloc")
int stackid_kmalloc(__u64 *ctx)
{
	last_stack = bpf_get_stackid(ctx, &stacks, 0);
	return 0;
}

SEC("raw_tp/kmalloc")
int bcc_kmalloc(__u64 *ctx)
{
	struct info info = {
		.size = ctx[3],
		.timestamp = bpf_ktime_get_ns(),
		.stack = bpf_get_stackid(ctx, &stacks, 0),
	};
	__u64 ptr = ctx[1];

	bpf_map_update_elem(&allocs, &ptr, &info, BPF_ANY);
	seen++;
	return 0;
}

SEC("raw_tp/kfree")
int bcc_kfree(__u64 *ctx)
{
	__u64 ptr = ctx[1];

	if (bpf_map_lookup_elem(&allocs, &ptr))
		bpf_map_delete_elem(&allocs, &ptr);
	return 0;
}
