/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kcheck - holds what is outstanding against what /proc says: did we see all that has grown?
 *
 * slabinfo counts free objects that CPUs hold back, and those that wait for RCU, as in use: these
 * are taken off, as far as they can be seen (slub__held). All is read while it changes, so it is
 * read in little time, between two looks at the table: what has come or gone from one to the other
 * is counted apart (kgrowth.h). To wait for RCU in that time would be to wait for it to free just
 * what is to be counted. Caches are compared that have grown by more than some dozens.
 */
#include "kernel/kreport_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kgrowth.h"
#include "kernel/kobjects.h"
#include "kernel/slub.h"
#include "proc/procfile.h"
#include "render/format.h"

#define MIN_GROWTH 64 /* objects */

static bool read_slabs(struct slabinfo *s)
{
	struct procfile file = {0};
	bool ok = !procfile__read(&file, AT_FDCWD, "/proc/slabinfo") &&
		  !slabinfo__parse(file.text, file.len, s, NULL);

	procfile__clear(&file);
	return ok;
}

static bool read_memory(struct meminfo *m)
{
	struct procfile file = {0};
	bool ok = !procfile__read(&file, AT_FDCWD, "/proc/meminfo") &&
		  !meminfo__parse(file.text, file.len, m);

	procfile__clear(&file);
	return ok;
}

static void read_pages(struct vmstat_pages *p)
{
	struct procfile file = {0};

	*p = (struct vmstat_pages){0};
	if (!procfile__read(&file, AT_FDCWD, "/proc/vmstat"))
		vmstat_pages__parse(file.text, file.len, p);
	procfile__clear(&file);
}

/* What was in use of a cache when tracing began, free objects aside; at most. */
static uint64_t used_before(const struct kreport *r, const struct slabinfo_cache *c)
{
	const struct slabinfo_cache *before = slabinfo__find(&r->slabs_before, c->name);

	if (!before)
		return 0;
	return before->active - r->held_before[before - r->slabs_before.caches];
}

/* Of those that SLUB calls so: it has shorter names. */
static void add_known(const struct kreport *r, struct kgrowth *g)
{
	size_t i;

	for (i = 0; i < r->n_caches; i++) {
		const struct cache_count *c = &r->caches[i];

		if (strncmp(c->name, g->name, sizeof(c->name) - 1) != 0)
			continue;
		g->known += c->count;
		g->moving += c->moving;
	}
}

static int print_caches(const struct kreport *r, FILE *out)
{
	const struct slabinfo *now = &r->slabs_now;
	struct kgrowth *list = calloc(now->n + 1, sizeof(*list)), g;
	size_t i, n = 0;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < now->n; i++) {
		const struct slabinfo_cache *c = &now->caches[i];
		int64_t objects = (int64_t)(c->active - r->held_now[i] - used_before(r, c));

		if (objects < MIN_GROWTH)
			continue;
		g = (struct kgrowth){.name = c->name, .size = c->size, .objects = objects};
		add_known(r, &g);
		/* of what is not followed nothing is known, and nothing to be said */
		if (g.known || !r->opts.selective)
			list[n++] = g;
	}
	kgrowth__print(list, n, r->opts.selective, out);
	free(list);
	return 0;
}

static void print_change(const char *name, int64_t bytes, const char **between, FILE *out)
{
	if (bytes / 1024 == 0)
		return;
	fprintf(out, "%s%s %+" PRId64 " KiB", *between, name, bytes / 1024);
	*between = ", ";
}

static void print_memory(const struct kreport *r, FILE *out)
{
	static const enum meminfo_field fields[] = {
		MEM_FREE,	  MEM_SUNRECLAIM,   MEM_SRECLAIMABLE, MEM_PERCPU,
		MEM_VMALLOC_USED, MEM_KERNEL_STACK, MEM_PAGE_TABLES,
	};
	const struct meminfo *before = &r->memory_before;
	const char *between = "check: meminfo: ";
	struct meminfo_account then, now_account;
	const struct meminfo *now = &r->memory_now;
	size_t i;

	if (!before->value[MEM_TOTAL] || !now->value[MEM_TOTAL])
		return;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		print_change(meminfo__name(fields[i]),
			     (int64_t)(now->value[fields[i]] - before->value[fields[i]]), &between,
			     out);
	meminfo__account(before, &then);
	meminfo__account(now, &now_account);
	print_change("in none of its lines", now_account.unaccounted - then.unaccounted, &between,
		     out);
	if (*between == ',')
		fputc('\n', out);
}

/* What meminfo does not have. */
static void print_pages(const struct kreport *r, FILE *out)
{
	const struct vmstat_pages *then = &r->pages_before, *now = &r->pages_now;
	const char *between = "check: vmstat: ";
	int64_t size = sysconf(_SC_PAGESIZE);

	print_change("pinned pages", (int64_t)(now->pinned - then->pinned) * size, &between, out);
	print_change("misc reclaimable",
		     (int64_t)(now->misc_reclaimable - then->misc_reclaimable) * size, &between,
		     out);
	print_change("tables of IOMMUs", (int64_t)(now->iommu - then->iommu) * size, &between, out);
	print_change("struct pages", (int64_t)(now->memmap - then->memmap) * size, &between, out);
	if (*between == ',')
		fputc('\n', out);
}

/*
 * Read slabinfo again, behind what was held: while a slab comes to a CPU or leaves it, its free
 * objects are counted both times or never. most: keep the larger number of each cache, else the
 * smaller one.
 */
static void read_again(struct slabinfo *s, bool most)
{
	struct slabinfo again = {0};
	size_t i;

	if (!read_slabs(&again))
		return;
	for (i = 0; i < s->n; i++) {
		const struct slabinfo_cache *c = slabinfo__find(&again, s->caches[i].name);

		if (c && (c->active > s->caches[i].active) == most)
			s->caches[i].active = c->active;
	}
	slabinfo__clear(&again);
}

int kcheck__begin(struct kreport *r)
{
	struct ksession_clock clock = {0};
	size_t i;
	int err;

	err = ksession__read_clock(r->session, &clock);
	if (err)
		return err;
	r->counted_from = clock.now;
	read_pages(&r->pages_before);
	if (!read_memory(&r->memory_before))
		memset(&r->memory_before, 0, sizeof(r->memory_before));
	if (!read_slabs(&r->slabs_before))
		return 0;
	r->held_before = calloc(r->slabs_before.n + 1, sizeof(*r->held_before));
	if (!r->held_before)
		return -ENOMEM;
	if (!kreport__finds_dead(r))
		return 0;
	for (i = 0; i < r->slabs_before.n && !err; i++)
		err = slub__held(r->slub, r->slabs_before.caches[i].name, &r->held_before[i]);
	if (err)
		return err;
	read_again(&r->slabs_before, true);
	err = ksession__read_clock(r->session, &clock);
	r->counted_until = clock.now;
	return err;
}

static int look_into_slabs(struct kreport *r)
{
	size_t i;
	int err = 0;

	r->held_now = calloc(r->slabs_now.n + 1, sizeof(*r->held_now));
	if (!r->held_now)
		return -ENOMEM;
	for (i = 0; i < r->slabs_now.n && !err; i++) {
		const struct slabinfo_cache *c = &r->slabs_now.caches[i];

		if ((int64_t)(c->active - used_before(r, c)) >= MIN_GROWTH)
			err = slub__held(r->slub, c->name, &r->held_now[i]);
	}
	read_again(&r->slabs_now, false);
	return err;
}

int kcheck__look(struct kreport *r)
{
	struct ksession_clock clock;
	int err = ksession__read_clock(r->session, &clock);

	if (err)
		return err;
	r->looked_at = clock.now;
	r->slub_answers = kreport__finds_dead(r);
	r->n_caches = 0;
	free(r->held_now);
	r->held_now = NULL;
	slabinfo__clear(&r->slabs_now);
	read_pages(&r->pages_now);
	if (!read_memory(&r->memory_now))
		memset(&r->memory_now, 0, sizeof(r->memory_now));
	if (r->slabs_before.n && r->slub_answers && read_slabs(&r->slabs_now))
		err = look_into_slabs(r);
	return err;
}

/* Objects come by address, so most are of the cache before. */
static struct cache_count *count_of(struct kreport *r, const struct slub_object *slab)
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
			return NULL;
		r->caches = grown;
		r->n_caches++;
		grown[i] = (struct cache_count){.cache = slab->cache};
		snprintf(grown[i].name, sizeof(grown[i].name), "%s", slab->cache_name);
	}
	r->last_cache = i;
	return &r->caches[i];
}

/* Is the first of two moments, in jiffies, before the second? */
static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

int kcheck__count(struct kreport *r, const struct kobject *o, const struct slub_object *slab,
		  bool gone)
{
	uint32_t birth = OBJECT_BIRTH(o->when);
	struct cache_count *c;

	/* allocated before the first count */
	if (!slab->cache || is_before(birth, r->counted_from))
		return 0;
	c = count_of(r, slab);
	if (!c)
		return -ENOMEM;
	if (gone || !is_before(r->counted_until, birth) || !is_before(birth, r->looked_at))
		c->moving++;
	else
		c->count++;
	return 0;
}

int kcheck__print(struct kreport *r, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	int err = 0;

	if (!out)
		return -ENOMEM;
	if (r->held_now)
		err = print_caches(r, out);
	print_memory(r, out);
	print_pages(r, out);
	return fclose(out) ? -ENOMEM : err;
}
