/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slub_held - how many free objects of a cache /proc/slabinfo counts as active. It knows what is
 * free in the slabs of its nodes' partial lists (count_partial() in mm/slub.c), but not what CPUs
 * hold for later, what lies in sheaves, and what waits for RCU.
 */
#include "kernel/slub_priv.h"

#include <string.h>

#define MAX_PARTIAL 1024 /* slabs that a CPU holds */

static uint64_t head_address(const struct slub *s, uint64_t page)
{
	return (page - s->page_origin) / s->f.page_size << SLUB_PAGE_SHIFT;
}

/*
 * In the slab that a CPU allocates from. Where it does so all the time its list is not read at one
 * moment, and the count may be wrong by the few objects of that time; to leave out the slab would
 * be wrong by all that it holds.
 */
static int count_current(struct slub *s, const struct cache *c, uint64_t page, uint64_t *n)
{
	struct slub_object o;
	uint64_t base = head_address(s, page);
	uint32_t i;
	int err;

	s->slab.end = 0; /* not as it was when an object of it was examined */
	err = slub__examine(s, base + c->red_left_pad, &o);
	if (err || s->slab.base != base || s->slab.cache != c)
		return err;
	for (i = 0; i < s->slab.n_objects; i++)
		*n += s->slab.free[i] != 0;
	return 0;
}

/* In slabs that it will take next: it keeps a list of them, until sheaves took their place. */
static uint64_t count_partial(const struct slub *s, const struct cache *c, uint64_t page)
{
	const struct slub_fields *f = &s->f;
	uint8_t buf[SLUB_MAX_STRUCT];
	uint64_t n = 0, objects, inuse;
	int i;

	for (i = 0; page && i < MAX_PARTIAL; i++) {
		if (slub__read_mem(s, page, buf, f->page_size) ||
		    field__get(f->slab_cache, buf, f->page_size) != c->addr)
			break;
		objects = field__get(f->objects, buf, f->page_size);
		inuse = field__get(f->inuse, buf, f->page_size);
		n += inuse < objects ? objects - inuse : 0;
		page = field__get(f->slab_next, buf, f->page_size);
	}
	return n;
}

static int count_waiting(struct slub *s)
{
	struct slub_object o;
	struct cache *c;
	size_t i;
	int err = 0;

	for (i = 0; i < s->waiting.n && !err; i++) {
		err = slub__examine(s, s->waiting.addr[i], &o);
		c = err ? NULL : slub__find_cache(s, o.cache);
		if (c)
			c->n_waiting++;
	}
	s->waiting_counted = !err;
	return err;
}

int slub__held(struct slub *s, const char *name, uint64_t *n)
{
	size_t i, cpu;
	int err = s->waiting_counted ? 0 : count_waiting(s);

	*n = 0;
	for (i = 0; i < s->n_caches && !err; i++) {
		struct cache *c = &s->caches[i];

		if (strcmp(c->name, name))
			continue;
		err = slub__visit_cache(s, c);
		if (err)
			break;
		*n += c->sheaves.n + c->n_waiting;
		for (cpu = 0; cpu < s->mem.n_cpus && !err; cpu++) {
			*n += count_partial(s, c, c->cpus[cpu].partial);
			if (c->cpus[cpu].page)
				err = count_current(s, c, c->cpus[cpu].page, n);
		}
	}
	return err;
}
