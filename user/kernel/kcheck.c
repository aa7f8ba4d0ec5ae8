/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kcheck - holds what is outstanding against what /proc says: did we see all that has grown?
 *
 * slabinfo counts free objects that CPUs hold back, and those that wait for RCU, as in use: these
 * are taken off, as far as they can be seen (slub__held). Both are read while they change, so
 * caches are compared that have grown by more than some dozens.
 */
#include "kernel/kreport_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/slub.h"
#include "proc/procfile.h"
#include "render/format.h"

#define MIN_GROWTH 64 /* objects */
#define MAX_LINES 8

struct growth {
	const struct slabinfo_cache *cache;
	uint64_t objects, known;
};

static int by_bytes(const void *pa, const void *pb)
{
	const struct growth *a = pa, *b = pb;
	uint64_t x = a->objects * a->cache->size, y = b->objects * b->cache->size;

	return (x < y) - (x > y);
}

static uint64_t known_objects(const struct kreport *r, const char *name)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < r->n_caches; i++)
		if (!strcmp(r->caches[i].name, name))
			sum += r->caches[i].count;
	return sum;
}

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

/* What was in use of a cache when tracing began, free objects aside. */
static uint64_t used_before(const struct kreport *r, const struct slabinfo_cache *c)
{
	const struct slabinfo_cache *before = slabinfo__find(&r->slabs_before, c->name);

	if (!before)
		return 0;
	return before->active - r->held_before[before - r->slabs_before.caches];
}

/* Caches that have grown, those by most bytes first. *list is malloc'ed; returns how many. */
static size_t find_growth(const struct kreport *r, struct growth **list)
{
	const struct slabinfo *now = &r->slabs_now;
	size_t i, n = 0;

	*list = calloc(now->n ? now->n : 1, sizeof(**list));
	for (i = 0; *list && i < now->n; i++) {
		const struct slabinfo_cache *c = &now->caches[i];
		uint64_t known = known_objects(r, c->name);
		int64_t objects = (int64_t)(c->active - r->held_now[i] - used_before(r, c));

		/* of what is not followed nothing is known, and nothing to be said */
		if (objects < MIN_GROWTH || (r->opts.selective && !known))
			continue;
		(*list)[n++] = (struct growth){c, (uint64_t)objects, known};
	}
	if (n)
		qsort(*list, n, sizeof(**list), by_bytes);
	return n;
}

static void print_caches(const struct kreport *r, FILE *out)
{
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];
	struct growth *list = NULL;
	size_t i, n = find_growth(r, &list);

	for (i = 0; i < n && i < MAX_LINES; i++) {
		const struct growth *g = &list[i];

		fprintf(out, "check: %s grew by %s objects, ", g->cache->name,
			format__number(a, g->objects));
		/* where more are there than it has grown by, others have gone meanwhile */
		if (g->known >= g->objects)
			fprintf(out, "all of them accounted for (%s allocated since are there)\n",
				format__number(b, g->known));
		else
			fprintf(out, "%s of them accounted for (%.1f %%)\n",
				format__number(b, g->known), 100.0 * g->known / g->objects);
	}
	if (n > MAX_LINES)
		fprintf(out, "check: and %zu more caches grew\n", n - MAX_LINES);
	free(list);
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

int kcheck__begin(struct kreport *r)
{
	size_t i;
	int err = 0;

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
	return err;
}

void kcheck__sample(struct kreport *r)
{
	free(r->held_now);
	r->held_now = NULL;
	slabinfo__clear(&r->slabs_now);
	read_pages(&r->pages_now);
	if (!read_memory(&r->memory_now))
		memset(&r->memory_now, 0, sizeof(r->memory_now));
	if (r->slabs_before.n)
		read_slabs(&r->slabs_now);
}

int kcheck__look(struct kreport *r)
{
	size_t i;
	int err = 0;

	if (!r->slabs_now.n || !r->slub_answers)
		return 0;
	r->held_now = calloc(r->slabs_now.n, sizeof(*r->held_now));
	if (!r->held_now)
		return -ENOMEM;
	for (i = 0; i < r->slabs_now.n && !err; i++) {
		const struct slabinfo_cache *c = &r->slabs_now.caches[i];

		if ((int64_t)(c->active - used_before(r, c)) >= MIN_GROWTH)
			err = slub__held(r->slub, c->name, &r->held_now[i]);
	}
	return err;
}

int kcheck__print(struct kreport *r, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);

	if (!out)
		return -ENOMEM;
	if (r->held_now && r->slub_answers)
		print_caches(r, out);
	print_memory(r, out);
	print_pages(r, out);
	return fclose(out) ? -ENOMEM : 0;
}
