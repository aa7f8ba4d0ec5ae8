/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kreport_priv - what the files that implement kreport share. */
#ifndef KERNEL_KREPORT_PRIV_H
#define KERNEL_KREPORT_PRIV_H

#include "kernel/kreport.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/kobjects.h"
#include "kernel/ksession.h"
#include "kernel/slub.h"
#include "proc/meminfo.h"
#include "proc/slabinfo.h"
#include "proc/vmstats.h"

struct kgroups;
struct report_site;
struct slub_object;

/* What one site, or stack, has outstanding. */
struct tally {
	uint64_t count, alloc, req;
};

/* Objects of a cache that were allocated since tracing began (kgrowth.h). */
struct cache_count {
	uint64_t cache; /* address */
	uint64_t count, moving;
	char name[SLUB_NAME];
};

struct kreport {
	struct kreport_opts opts;
	struct ksession *session;
	const struct kallsyms *symbols;
	struct model *model;
	const struct kernel_site *sites; /* in shared memory */
	struct kgroups *groups;
	char *entry[KERNEL_SITES];	    /* what the report calls its allocator; NULL: not yet */
	uint64_t seen[KERNEL_SITES];	    /* allocations, of each site by itself */
	struct tally by_site[KERNEL_SITES]; /* of groups */
	struct tally *by_stack;		    /* by key, of groups */
	size_t n_stacks;		    /* one more than the largest key */
	struct ksession_clock clock;
	struct slub *slub; /* NULL: what it would tell is not known */
	bool slub_answers; /* in this snapshot */
	uint64_t *percpu_offset, *runqueue;
	struct kobjects objects; /* of this snapshot; by address if slub_answers */
	uint64_t n_found; /* objects found to be free although no event said so, since the start */
	struct cache_count *caches; /* if slub_answers */
	size_t n_caches, last_cache;
	const struct btf *btf;
	/* when tracing began; caches have sizes, so none have been read when n is 0 */
	struct slabinfo slabs_before;
	uint64_t *held_before;	   /* of each: free objects among those in use */
	struct slabinfo slabs_now; /* the same as of this snapshot */
	uint64_t *held_now;	   /* only of those that may have grown */
	struct meminfo memory_now;
	struct vmstat_pages pages_before, pages_now;
	struct meminfo memory_before;
	uint32_t counted_from, counted_until, looked_at; /* in jiffies: those before, and now */
};

/* Stack and site of an object, as groups (kgroups.h); key 0: no stack; false: no site. */
bool kreport__origin(const struct kreport *r, uint64_t when, uint32_t *site, uint32_t *key);
/* Events that name no call site: sites are told apart by stacks alone. */
bool kreport__is_by_stack(const struct kreport *r, uint32_t site);
/* Left out of what is shown. */
bool kreport__is_young(const struct kreport *r, const struct kobject *o);
/* What the report calls the allocator of a site. NULL: no memory. */
const char *kreport__entry(struct kreport *r, uint32_t site);
/* A model_stack_fn. Keys: one more than a site's index, or KERNEL_SITES + a stack's. */
int kreport__resolve(uint64_t key, struct model_stack *out, void *arg);

/* Prepare to look into slabs. Returns 0, also if that cannot be done here, or -ENOMEM. */
int kdead__open(struct kreport *r);
/*
 * Drop those of r->objects that their allocator says are free, as of kreport__finds_dead. The
 * others are counted for the check. Returns 0 or negative errno.
 */
int kdead__drop(struct kreport *r);
/*
 * Count for the check what came or went while it looked: objects that are not there any more, and
 * those that were born since the epoch began. Returns 0 or -ENOMEM.
 */
int kdead__count_moving(struct kreport *r, const struct kobjects *gone,
			const struct kobjects *since);
/* The same once more, for what was just being freed. Waits for RCU. */
int kdead__drop_in_hand(struct kreport *r);

/* Give a site of the report its stack, and the lines around it. */
int ksites__complete(struct kreport *r, struct report_site *shown);
/* What is in the objects of a site; key: only those with this stack, 0: all. */
int kdump__print(struct kreport *r, uint32_t site, uint32_t key, FILE *out);
/* Note what /proc says now. Returns 0 or -ENOMEM. */
int kcheck__begin(struct kreport *r);
/*
 * Note it again, and which objects are free, between two looks at the table: then each object of
 * which the table tells is counted. Returns 0 or negative errno.
 */
int kcheck__look(struct kreport *r);
/*
 * Count an object to its cache. gone: it is in the table no more. Returns 0 or -ENOMEM.
 */
int kcheck__count(struct kreport *r, const struct kobject *o, const struct slub_object *slab,
		  bool gone);
/* How far what is outstanding explains the growth of caches, and of the rest; *out is malloc'ed. */
int kcheck__print(struct kreport *r, char **out);

#endif
