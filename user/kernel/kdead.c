/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdead - objects that were freed, although no event has said so: found, and removed. */
#include "kernel/kreport_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/kallsyms.h"
#include "kernel/kobjects.h"
#include "kernel/slub.h"

#define MAX_CACHE_SIZE 8192 /* KMALLOC_MAX_CACHE_SIZE with pages of 4 KiB */

static int read_memory(void *ctx, uint64_t addr, void *buf, size_t size)
{
	return ksession__peek(ctx, addr, buf, size);
}

int kdead__open(struct kreport *r)
{
	size_t n_cpus = ksession__n_cpus(r->session);
	struct slub_memory memory = {.read = read_memory, .ctx = r->session, .n_cpus = n_cpus};
	int err;

	r->percpu_offset = calloc(n_cpus, sizeof(*r->percpu_offset));
	r->runqueue = calloc(n_cpus, sizeof(*r->runqueue));
	if (!r->percpu_offset || !r->runqueue)
		return -ENOMEM;
	if (ksession__learn_cpus(r->session, r->percpu_offset, r->runqueue))
		return 0;
	memory.percpu_offset = r->percpu_offset;
	memory.runqueue = r->runqueue;
	err = slub__new(r->btf, &memory, &r->slub);
	return err == -ENOMEM ? err : 0;
}

static int by_address(const void *pa, const void *pb)
{
	const struct kobject *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static uint64_t some_cache(const struct kreport *r)
{
	size_t i;

	for (i = 0; i < KERNEL_SITES; i++)
		if (r->sites[i].cache)
			return r->sites[i].cache;
	return 0;
}

/*
 * Does what the allocator says mean that an object is not there any more? Larger ones than a cache
 * has are pages, and their frees are always told.
 */
static bool is_dead(const struct kobject *o, const struct slub_object *now)
{
	switch (now->state) {
	case SLUB_FREE:
	case SLUB_WAITING:
		return true;
	case SLUB_NONE:
		return kobject__alloc(o) <= MAX_CACHE_SIZE;
	case SLUB_TAKEN:
		return now->size != kobject__alloc(o) && kobject__alloc(o) <= MAX_CACHE_SIZE;
	default:
		return false;
	}
}

/* Count an object to its cache. Objects come by address, so most are of the cache before. */
static int count_to_cache(struct kreport *r, const struct slub_object *slab)
{
	struct cache_count *grown;
	size_t i = r->last_cache;

	if (i >= r->n_caches || r->caches[i].cache != slab->cache)
		for (i = 0; i < r->n_caches; i++)
			if (r->caches[i].cache == slab->cache)
				break;
	if (i == r->n_caches) {
		grown = reallocarray(r->caches, i + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->caches = grown;
		r->n_caches++;
		grown[i] = (struct cache_count){.cache = slab->cache};
		snprintf(grown[i].name, sizeof(grown[i].name), "%s", slab->cache_name);
	}
	r->caches[i].count++;
	r->last_cache = i;
	return 0;
}

bool kreport__finds_dead(struct kreport *r)
{
	return r->slub &&
	       !slub__begin(r->slub, some_cache(r), kallsyms__address(r->symbols, "slab_caches"));
}

/* Of two objects at one address the older one has been freed. They are sorted by address. */
static bool is_succeeded(const struct kobject *objects, size_t n, size_t i)
{
	size_t k;

	for (k = i; k-- && objects[k].addr == objects[i].addr;)
		if ((int32_t)(OBJECT_BIRTH(objects[k].when) - OBJECT_BIRTH(objects[i].when)) > 0)
			return true;
	for (k = i + 1; k < n && objects[k].addr == objects[i].addr; k++)
		if ((int32_t)(OBJECT_BIRTH(objects[k].when) - OBJECT_BIRTH(objects[i].when)) >= 0)
			return true;
	return false;
}

/* count: also the objects of each cache that are left. */
static int drop(struct kreport *r, bool count)
{
	struct kobject *objects = r->objects, *dead;
	struct slub_object slab;
	size_t i, n_dead = 0, k;
	uint64_t removed;
	int err = 0;

	r->slub_answers = kreport__finds_dead(r);
	if (count)
		r->n_caches = 0;
	if (!r->slub_answers)
		return 0;
	dead = calloc(r->n_objects ? r->n_objects : 1, sizeof(*dead));
	if (!dead)
		return -ENOMEM;
	qsort(objects, r->n_objects, sizeof(*objects), by_address);
	for (i = k = 0; i < r->n_objects && !err; i++) {
		const struct kobject o = objects[i];

		slab.cache = 0;
		if (OBJECT_SPACE(o.what) == KERNEL_SPACE_SLAB) {
			err = slub__examine(r->slub, o.addr, &slab);
			if (!err &&
			    (is_dead(&o, &slab) || is_succeeded(objects, r->n_objects, i))) {
				dead[n_dead++] = o;
				continue;
			}
		}
		if (!err && slab.cache && count)
			err = count_to_cache(r, &slab);
		objects[k++] = o;
	}
	r->n_objects = k;
	if (!err)
		err = kobjects__remove(r->session, dead, n_dead, &removed);
	if (!err)
		r->n_found += removed;
	free(dead);
	return err;
}

int kdead__drop(struct kreport *r)
{
	return drop(r, true);
}

#define IN_HAND_NS 20000000 /* in which a worker frees what it has taken */

/*
 * An object is in no list while a worker has taken it from where it waited for RCU, nor while a
 * sheaf of them waits. A grace period and a moment later it is free.
 */
int kdead__drop_in_hand(struct kreport *r)
{
	const struct timespec moment = {.tv_nsec = IN_HAND_NS};
	size_t i, k;
	int err;

	if (!r->slub_answers || !r->n_objects)
		return 0;
	err = ksession__sync(r->session);
	if (err)
		return err;
	nanosleep(&moment, NULL);
	/* nor is any that has been freed, or replaced, meanwhile */
	for (i = k = 0; i < r->n_objects; i++)
		if (kobjects__is_same(r->session, &r->objects[i]))
			r->objects[k++] = r->objects[i];
	r->n_objects = k;
	return drop(r, false); /* caches are held against what /proc said before the wait */
}

#define TIDY_ABOVE 25 /* of a hundred slots taken */

int kreport__tidy(struct kreport *r)
{
	int err;

	if (kobjects__fill(r->session) < TIDY_ABOVE)
		return 0;
	free(r->objects);
	r->objects = NULL;
	err = kobjects__read(r->session, KOBJECTS_EVER, &r->objects, &r->n_objects);
	return err ? err : kdead__drop(r);
}
