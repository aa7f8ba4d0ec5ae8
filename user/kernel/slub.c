/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/slub_priv.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CACHES 8192
#define TRIES 4

/*
 * A struct page, perhaps as it was a little earlier: those around it are read with it, as addresses
 * are asked for in their order. NULL: it cannot be read.
 */
static const uint8_t *peek_page(struct slub *s, uint64_t page)
{
	uint64_t at = page & ~((uint64_t)SLUB_WINDOW - 1);

	if (SLUB_WINDOW % s->f.page_size || page % s->f.page_size)
		return NULL;
	if (s->window_at != at) {
		s->window_at = 0;
		if (slub__read_mem(s, at, s->window, SLUB_WINDOW))
			return NULL;
		s->window_at = at;
	}
	return s->window + (page - at);
}

int slub__new(const struct btf *btf, const struct slub_memory *mem, struct slub **out)
{
	struct slub *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->mem = *mem;
	if (!slub_fields__learn(btf, &s->f)) {
		free(s);
		return -ENOTSUP;
	}
	s->buf = malloc(SLUB_MAX_SLAB);
	s->slab.free = malloc(UINT16_MAX + 1);
	if (!s->buf || !s->slab.free) {
		slub__free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

static void forget_caches(struct slub *s)
{
	size_t i;

	for (i = 0; i < s->n_caches; i++) {
		free(s->caches[i].cpus);
		free(s->caches[i].sheaves.addr);
	}
	free(s->caches);
	s->caches = NULL;
	s->n_caches = 0;
}

void slub__free(struct slub *s)
{
	if (!s)
		return;
	forget_caches(s);
	free(s->slab.free);
	free(s->waiting.addr);
	free(s->buf);
	free(s);
}

/* --- caches --- */

static int compare_caches(const void *pa, const void *pb)
{
	const struct cache *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

struct cache *slub__find_cache(const struct slub *s, uint64_t addr)
{
	const struct cache key = {.addr = addr};

	if (!s->n_caches)
		return NULL;
	return bsearch(&key, s->caches, s->n_caches, sizeof(key), compare_caches);
}

/* Read a struct kmem_cache. False: it does not look like one. */
static bool read_cache(struct slub *s, uint64_t addr, struct cache *c)
{
	const struct slub_fields *f = &s->f;
	/* node[] at its end may be there only in part */
	size_t size = f->per_node.bits ? field__offset(f->per_node)
		      : f->node.bits   ? field__offset(f->node)
				       : f->cache_size;

	*c = (struct cache){.addr = addr};
	if (slub__read_mem(s, addr, s->buf, size))
		return false;
	c->size = field__get(f->size, s->buf, size);
	c->object_size = field__get(f->object_size, s->buf, size);
	c->offset = field__get(f->offset, s->buf, size);
	c->random = field__get(f->random, s->buf, size);
	c->red_left_pad = field__get(f->red_left_pad, s->buf, size);
	c->cpu_slab = field__get(f->cpu_slab, s->buf, size);
	c->cpu_sheaves = field__get(f->cpu_sheaves, s->buf, size);
	memcpy(&c->order, s->buf + field__offset(f->oo), sizeof(c->order));
	c->order >>= 16; /* OO_SHIFT, mm/slub.c */
	if (!c->size || c->size > SLUB_MAX_SLAB || c->object_size > c->size || c->order > 8 ||
	    c->offset >= c->size)
		return false;
	if (slub__read_mem(s, field__get(f->name, s->buf, size), c->name, sizeof(c->name)))
		return false;
	c->name[sizeof(c->name) - 1] = '\0';
	return true;
}

/*
 * All caches, from one of them on: they are in a list. Its head, which is in no cache, is passed
 * over, as nothing that is read there makes sense as one.
 */
static int find_caches(struct slub *s, uint64_t first)
{
	uint64_t start = first + field__offset(s->f.list), at = start;
	struct cache c, *grown;
	size_t max = 0, i;

	for (i = 0; i < MAX_CACHES; i++) {
		if (read_cache(s, at - field__offset(s->f.list), &c)) {
			if (s->n_caches == max) {
				max = max ? max * 2 : 256;
				grown = reallocarray(s->caches, max, sizeof(*grown));
				if (!grown)
					return -ENOMEM;
				s->caches = grown;
			}
			s->caches[s->n_caches++] = c;
		}
		at = slub__read_word(s, at);
		if (!at || at == start)
			break;
	}
	if (s->n_caches)
		qsort(s->caches, s->n_caches, sizeof(*s->caches), compare_caches);
	return s->n_caches ? 0 : -ENODATA;
}

/* --- from addresses to struct page --- */

/*
 * The arrays of all pages and of all struct page begin at addresses that are drawn at boot. Where a
 * slab is known by both, what lies between them is. page: of the slab's head; addr: within it.
 */
static uint64_t origin_by(const struct slub *s, const struct cache *c, uint64_t page, uint64_t addr)
{
	uint64_t head = addr & ~((1ULL << (SLUB_PAGE_SHIFT + c->order)) - 1);

	return page - (head >> SLUB_PAGE_SHIFT) * s->f.page_size;
}

/* A slab of the cache with a free object: its struct page, and the object. */
static bool some_slab(const struct slub *s, const struct cache *c, uint64_t *page, uint64_t *object)
{
	uint64_t barn, node = slub__node(s, c, &barn), list;
	uint8_t buf[SLUB_MAX_STRUCT];

	if (!node || !s->f.partial.bits || !s->f.slab_list.bits)
		return false;
	list = node + field__offset(s->f.partial);
	*page = slub__read_word(s, list);
	if (!*page || *page == list)
		return false;
	*page -= field__offset(s->f.slab_list);
	if (slub__read_mem(s, *page, buf, s->f.page_size) ||
	    field__get(s->f.slab_cache, buf, s->f.page_size) != c->addr)
		return false;
	*object = field__get(s->f.freelist, buf, s->f.page_size);
	return *object != 0;
}

/* Believed when three slabs agree. */
static void learn_origin(struct slub *s)
{
	uint64_t page, object, origin, candidate = 0;
	int votes = 0;
	size_t i;

	for (i = 0; i < s->n_caches && votes < 3; i++) {
		if (!some_slab(s, &s->caches[i], &page, &object))
			continue;
		origin = origin_by(s, &s->caches[i], page, object);
		if (origin == candidate) {
			votes++;
		} else if (votes <= 1) {
			candidate = origin;
			votes = 1;
		} else {
			votes--;
		}
	}
	s->page_origin = votes >= 3 ? candidate : 0;
}

/* --- slabs --- */

static void read_cpu(const struct slub *s, const struct cache *c, size_t cpu, struct cpu_state *out)
{
	uint8_t buf[SLUB_MAX_STRUCT];
	size_t size = s->f.cpu_size;

	*out = (struct cpu_state){0};
	if (!c->cpu_slab || !size ||
	    slub__read_mem(s, c->cpu_slab + s->mem.percpu_offset[cpu], buf, size))
		return;
	out->freelist = field__get(s->f.cpu_freelist, buf, size);
	out->tid = field__get(s->f.cpu_tid, buf, size);
	out->page = field__get(s->f.cpu_page, buf, size);
	out->partial = field__get(s->f.cpu_partial, buf, size);
}

int slub__visit_cache(struct slub *s, struct cache *c)
{
	size_t cpu;
	int err;

	if (c->was_read)
		return 0;
	if (!c->cpus)
		c->cpus = calloc(s->mem.n_cpus, sizeof(*c->cpus));
	if (!c->cpus)
		return -ENOMEM;
	for (cpu = 0; cpu < s->mem.n_cpus; cpu++)
		read_cpu(s, c, cpu, &c->cpus[cpu]);
	err = slub__read_sheaves(s, c);
	c->was_read = true;
	return err;
}

/* The object at addr, from the slab's start on counted; n_objects: none is there. */
static uint32_t object_index(const struct slab *slab, uint64_t addr)
{
	uint64_t first = slab->base + slab->cache->red_left_pad;

	if (addr < first || addr >= slab->end || (addr - first) % slab->cache->size)
		return slab->n_objects;
	addr = (addr - first) / slab->cache->size;
	return addr < slab->n_objects ? addr : slab->n_objects;
}

/*
 * Mark the objects of a list as free. memory: a copy of the slab. False: it leads out of the slab,
 * or around, so it was changed while we read.
 */
static bool mark_list(struct slab *slab, const uint8_t *memory, uint64_t object)
{
	const struct cache *c = slab->cache;
	uint32_t i, n = 0;
	uint64_t at;

	while (object) {
		i = object_index(slab, object);
		if (i == slab->n_objects || n++ > slab->n_objects)
			return false;
		slab->free[i] = 1;
		at = object + c->offset;
		if (at + sizeof(object) > slab->end)
			return false;
		memcpy(&object, memory + (at - slab->base), sizeof(object));
		if (c->random) /* CONFIG_SLAB_FREELIST_HARDENED: freelist_ptr_encode() */
			object ^= c->random ^ __builtin_bswap64(at);
	}
	return true;
}

/*
 * Which of a slab's objects are in its own list, and in that of a CPU. False: try again, they were
 * changed meanwhile; about so many as are marked are free all the same.
 */
static bool read_lists(struct slub *s, uint64_t page)
{
	const struct slub_fields *f = &s->f;
	struct slab *slab = &s->slab;
	struct cache *c = slab->cache;
	uint8_t before[SLUB_MAX_STRUCT], after[SLUB_MAX_STRUCT];
	struct cpu_state cpu;
	uint64_t freelist;
	bool same;
	size_t i;

	memset(slab->free, 0, slab->n_objects);
	if (slub__read_mem(s, page, before, f->page_size) ||
	    field__get(f->slab_cache, before, f->page_size) != c->addr)
		return false;
	freelist = field__get(f->freelist, before, f->page_size);
	for (i = 0; i < s->mem.n_cpus; i++)
		if (c->cpu_slab && c->cpus[i].page == page)
			break;
	if (!freelist && i == s->mem.n_cpus)
		return true; /* all objects are in use */
	if (i < s->mem.n_cpus)
		read_cpu(s, c, i, &c->cpus[i]);
	if (slub__read_mem(s, slab->base, s->buf, slab->end - slab->base) ||
	    slub__read_mem(s, page, after, f->page_size))
		return false;
	same = mark_list(slab, s->buf, freelist) &&
	       field__get(f->freelist, after, f->page_size) == freelist &&
	       field__get(f->counters, after, f->page_size) ==
		       field__get(f->counters, before, f->page_size);
	if (i == s->mem.n_cpus || c->cpus[i].page != page)
		return same;
	same = mark_list(slab, s->buf, c->cpus[i].freelist) && same;
	read_cpu(s, c, i, &cpu);
	return same && cpu.tid == c->cpus[i].tid && cpu.page == page &&
	       cpu.freelist == c->cpus[i].freelist;
}

/*
 * The first struct page of those that one allocation consists of. Tail pages have bit 0 set and
 * point to it, or since 7.1 hold a mask for their own address.
 */
static uint64_t head_page(struct slub *s, uint64_t page)
{
	const uint8_t *p = peek_page(s, page);
	uint64_t info;

	if (!p)
		return 0;
	info = field__get(s->f.compound, p, s->f.page_size);
	if (!(info & 1))
		return page;
	info--;
	if (info <= page && page - info < (SLUB_MAX_SLAB >> SLUB_PAGE_SHIFT) * s->f.page_size)
		return info;
	return page & info;
}

/* Make the slab that addr is in the current one. */
static int visit_slab(struct slub *s, uint64_t addr)
{
	const struct slub_fields *f = &s->f;
	struct slab *slab = &s->slab;
	const uint8_t *p;
	uint64_t page, base;
	int err, i;

	slab->base = slab->end = 0;
	slab->cache = NULL;
	slab->known = slab->none = false;
	if (!s->page_origin)
		return 0;
	page = head_page(s, s->page_origin + (addr >> SLUB_PAGE_SHIFT) * f->page_size);
	p = page ? peek_page(s, page) : NULL;
	if (!p)
		return 0;
	slab->cache = slub__find_cache(s, field__get(f->slab_cache, p, f->page_size));
	if (!slab->cache) {
		/* one page at a time: what is around it is not known */
		slab->base = addr & ~((1ULL << SLUB_PAGE_SHIFT) - 1);
		slab->end = slab->base + (1 << SLUB_PAGE_SHIFT);
		slab->none = true;
		return 0;
	}
	base = (page - s->page_origin) / f->page_size << SLUB_PAGE_SHIFT;
	slab->n_objects = field__get(f->objects, p, f->page_size);
	if (!slab->n_objects || (uint64_t)slab->n_objects * slab->cache->size > SLUB_MAX_SLAB ||
	    addr < base)
		return 0;
	slab->base = base;
	slab->end = base + (((uint64_t)slab->n_objects * slab->cache->size +
			     slab->cache->red_left_pad + (1 << SLUB_PAGE_SHIFT) - 1) &
			    ~((1ULL << SLUB_PAGE_SHIFT) - 1));
	if (slab->end - base > SLUB_MAX_SLAB)
		return 0;
	err = slub__visit_cache(s, slab->cache);
	for (i = 0; i < TRIES && !slab->known && !err; i++)
		slab->known = read_lists(s, page);
	return err;
}

int slub__begin(struct slub *s, uint64_t known, uint64_t list)
{
	int err;

	forget_caches(s);
	s->slab.base = s->slab.end = 0;
	s->slab.cache = NULL;
	s->window_at = 0;
	s->waiting_counted = false;
	err = slub__read_waiting(s);
	if (err)
		return err;
	err = -ENODATA;
	if (known)
		err = find_caches(s, known);
	else if (list)
		err = find_caches(s, list - field__offset(s->f.list));
	if (err)
		return err;
	if (!s->page_origin)
		learn_origin(s);
	return s->page_origin ? 0 : -ENODATA;
}

int slub__examine(struct slub *s, uint64_t addr, struct slub_object *out)
{
	struct slab *slab = &s->slab;
	uint64_t first;
	uint32_t i;
	int err;

	*out = (struct slub_object){.state = SLUB_UNKNOWN};
	if (!slab->end || addr < slab->base || addr >= slab->end) {
		err = visit_slab(s, addr);
		if (err)
			return err;
	}
	if (slab->none)
		out->state = SLUB_NONE;
	if (!slab->cache || !slab->end || addr >= slab->end)
		return 0;
	out->cache = slab->cache->addr;
	out->cache_name = slab->cache->name;
	first = slab->base + slab->cache->red_left_pad;
	if (addr < first)
		return 0;
	i = (addr - first) / slab->cache->size;
	if (i >= slab->n_objects)
		return 0;
	out->start = first + (uint64_t)i * slab->cache->size;
	out->size = slab->cache->size;
	if (address_set__has(&s->waiting, out->start, out->start + out->size))
		out->state = SLUB_WAITING;
	else if ((slab->known && slab->free[i]) ||
		 address_set__has(&slab->cache->sheaves, out->start, out->start + 1))
		out->state = SLUB_FREE;
	else if (slab->known)
		out->state = SLUB_TAKEN;
	return 0;
}
