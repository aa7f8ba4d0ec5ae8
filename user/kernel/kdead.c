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

/* count: the others for the check. */
static int drop(struct kreport *r, bool count)
{
	struct kobject *objects = r->objects.at, *dead;
	struct slub_object slab;
	size_t i, n_dead = 0, n = r->objects.n, k;
	uint64_t removed;
	int err = 0;

	if (!r->slub_answers)
		return 0;
	dead = calloc(n ? n : 1, sizeof(*dead));
	if (!dead)
		return -ENOMEM;
	if (n)
		qsort(objects, n, sizeof(*objects), by_address);
	for (i = k = 0; i < n && !err; i++) {
		const struct kobject o = objects[i];

		slab.cache = 0;
		if (OBJECT_SPACE(o.what) == KERNEL_SPACE_SLAB) {
			err = slub__examine(r->slub, o.addr, &slab);
			if (!err && (is_dead(&o, &slab) || is_succeeded(objects, n, i))) {
				dead[n_dead++] = o;
				continue;
			}
		}
		if (!err && count)
			err = kcheck__count(r, &o, &slab, false);
		objects[k++] = o;
	}
	r->objects.n = k;
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

int kdead__count_moving(struct kreport *r, const struct kobjects *gone,
			const struct kobjects *since)
{
	struct slub_object slab;
	size_t i;
	int err = 0;

	if (!r->slub_answers)
		return 0;
	for (i = 0; i < gone->n && !err; i++) {
		if (OBJECT_SPACE(gone->at[i].what) != KERNEL_SPACE_SLAB)
			continue;
		err = slub__examine(r->slub, gone->at[i].addr, &slab);
		if (!err)
			err = kcheck__count(r, &gone->at[i], &slab, true);
	}
	for (i = 0; i < since->n && !err; i++) {
		if (OBJECT_SPACE(since->at[i].what) != KERNEL_SPACE_SLAB)
			continue;
		err = slub__examine(r->slub, since->at[i].addr, &slab);
		if (!err && !is_dead(&since->at[i], &slab))
			err = kcheck__count(r, &since->at[i], &slab, false);
	}
	return err;
}

#define IN_HAND_NS 20000000 /* in which a worker frees what it has taken */

/*
 * An object is in no list while a worker has taken it from where it waited for RCU, nor while a
 * sheaf of them waits. A grace period and a moment later it is free.
 */
int kdead__drop_in_hand(struct kreport *r)
{
	const struct timespec moment = {.tv_nsec = IN_HAND_NS};
	int err;

	if (!r->slub_answers || !r->objects.n)
		return 0;
	err = ksession__sync(r->session);
	if (err)
		return err;
	nanosleep(&moment, NULL);
	/* nor is any that has been freed, or replaced, meanwhile */
	err = kobjects__sift(r->session, &r->objects, NULL);
	if (err)
		return err;
	r->slub_answers = kreport__finds_dead(r);
	return drop(r, false); /* the check was made before */
}

#define TIDY_ABOVE 25 /* of a hundred slots taken */

int kreport__tidy(struct kreport *r)
{
	int err;

	if (kobjects__fill(r->session) < TIDY_ABOVE)
		return 0;
	kobjects__clear(&r->objects);
	err = kobjects__collect(r->session, KOBJECTS_EVER, &r->objects, NULL);
	r->slub_answers = kreport__finds_dead(r);
	return err ? err : drop(r, false);
}
