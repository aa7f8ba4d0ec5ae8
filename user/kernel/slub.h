/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slub - asks the slab allocator itself: which cache is an object of, and is it free?
 *
 * No event tells of objects that are freed in bulk, through sheaves or by kfree_rcu. But what is
 * free lies on a list of its slab, of a CPU, in a sheaf, or waits for RCU. These are read while the
 * kernel changes them: a list is believed if its head, with the number that SLUB changes at every
 * operation, is the same after the reading as before. So an object that is said to be free was free
 * at a time after slub__begin. The reverse does not hold: one that is moved from one list to
 * another meanwhile may be missed.
 *
 * It reads memory through a function, and knows structures by BTF: so it can be tested without a
 * kernel.
 */
#ifndef KERNEL_SLUB_H
#define KERNEL_SLUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;
struct slub;

struct slub_memory {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t size); /* 0 or negative errno */
	void *ctx;
	const uint64_t *percpu_offset; /* of each CPU: what is added to a percpu pointer */
	const uint64_t *runqueue; /* of each CPU: where its struct rq is, 0: unknown; may be NULL */
	size_t n_cpus;
};

enum slub_state {
	SLUB_UNKNOWN, /* it cannot be told */
	SLUB_NONE,    /* no object of a slab is there; if one was, its slab is gone */
	SLUB_TAKEN,
	SLUB_FREE,
	SLUB_WAITING, /* given back through kfree_rcu, waits for readers to end */
};

#define SLUB_NAME 32

struct slub_object {
	enum slub_state state;
	uint64_t start;		/* of the object that the address is in; 0: unknown */
	uint32_t size;		/* with what surrounds it */
	uint64_t cache;		/* struct kmem_cache, 0: unknown */
	const char *cache_name; /* valid until slub__free; NULL: unknown */
};

/* *mem is copied, what it points to is not. Returns 0; -ENOTSUP: not a SLUB that we know; -ENOMEM.
 */
int slub__new(const struct btf *btf, const struct slub_memory *mem, struct slub **out);
void slub__free(struct slub *s);
/*
 * Start anew: what is asked from now on is as of now. known: the address of some struct kmem_cache,
 * or 0; list: of the list head slab_caches, or 0. Returns 0, or -ENODATA: neither led anywhere.
 */
int slub__begin(struct slub *s, uint64_t known, uint64_t list);
/*
 * How many objects of the caches of that name are free although /proc/slabinfo counts them as
 * active, as far as can be seen. Returns 0 or -ENOMEM.
 */
int slub__held(struct slub *s, const char *name, uint64_t *n);
/* Fast when called with rising addresses. Returns 0 or -ENOMEM. */
int slub__examine(struct slub *s, uint64_t addr, struct slub_object *out);
#endif
