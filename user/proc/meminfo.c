/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/meminfo.h"

#include <errno.h>
#include <string.h>

#include "proc/procfile.h"

_Static_assert(MEM_FIELDS <= 64, "known has a bit for each field");

static const char *const names[MEM_FIELDS] = {
#define MEMINFO_NAME(id, name) [id] = name,
	MEMINFO_FIELDS(MEMINFO_NAME)
#undef MEMINFO_NAME
};

static void read_line(struct span line, struct meminfo *m)
{
	struct span name, number, unit;
	uint64_t value;
	int field;

	if (!span__word(&line, &name) || !span__word(&line, &number) || name.end[-1] != ':' ||
	    !span__u64(number, &value))
		return;
	name.end--;
	if (span__word(&line, &unit) &&
	    (!span__is(unit, "kB") || __builtin_mul_overflow(value, 1024, &value)))
		return;
	for (field = 0; field < MEM_FIELDS; field++) {
		/* The first one counts: what follows is not of this file. */
		if (!span__is(name, names[field]) || m->known & 1ULL << field)
			continue;
		m->value[field] = value;
		m->known |= 1ULL << field;
	}
}

int meminfo__parse(const char *text, size_t len, struct meminfo *m)
{
	struct span rest = span__of(text, len), line;

	*m = (struct meminfo){0};
	while (span__line(&rest, &line))
		read_line(line, m);
	return m->value[MEM_TOTAL] ? 0 : -EINVAL;
}

bool meminfo__has(const struct meminfo *m, enum meminfo_field field)
{
	return m->known >> field & 1;
}

const char *meminfo__name(enum meminfo_field field)
{
	return names[field];
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t meminfo__file_cache(const struct meminfo *m)
{
	return m->value[MEM_BUFFERS] + less(m->value[MEM_CACHED], m->value[MEM_SHMEM]);
}

uint64_t meminfo__available(const struct meminfo *m, bool *estimated)
{
	*estimated = !meminfo__has(m, MEM_AVAILABLE);
	if (!*estimated)
		return m->value[MEM_AVAILABLE];
	return m->value[MEM_FREE] + meminfo__file_cache(m) + m->value[MEM_SRECLAIMABLE];
}

static void add_term(struct meminfo_account *a, const char *name, uint64_t bytes)
{
	/* A sum beyond 2^63 is no memory: the result would turn its sign. */
	if (bytes > INT64_MAX / 64 || !bytes)
		return;
	a->term[a->n].name = name;
	a->term[a->n++].bytes = bytes;
	a->unaccounted -= (int64_t)bytes;
}

static void add_fields(const struct meminfo *m, struct meminfo_account *a,
		       const enum meminfo_field *fields, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		add_term(a, names[fields[i]], m->value[fields[i]]);
}
#define ADD(m, a, ...)                                                                             \
	add_fields(m, a, (const enum meminfo_field[]){__VA_ARGS__},                                \
		   sizeof((const enum meminfo_field[]){__VA_ARGS__}) / sizeof(enum meminfo_field))

static void add_user_pages(const struct meminfo *m, struct meminfo_account *a)
{
	const uint64_t *v = m->value;
	uint64_t lru = v[MEM_ACTIVE] + v[MEM_INACTIVE] + v[MEM_UNEVICTABLE], swap_cached;

	if (!meminfo__has(m, MEM_ANON)) {
		ADD(m, a, MEM_ACTIVE, MEM_INACTIVE, MEM_UNEVICTABLE);
		return;
	}
	ADD(m, a, MEM_BUFFERS, MEM_CACHED, MEM_ANON);
	swap_cached = v[MEM_SWAP_CACHED];
	if (meminfo__has(m, MEM_ACTIVE)) {
		uint64_t rest = less(lru, v[MEM_BUFFERS] + v[MEM_CACHED] + v[MEM_ANON]);

		swap_cached = rest < swap_cached ? rest : swap_cached;
	}
	add_term(a, "SwapCached", swap_cached);
}

void meminfo__account(const struct meminfo *m, struct meminfo_account *a)
{
	const uint64_t *v = m->value;

	*a = (struct meminfo_account){0};
	if (v[MEM_TOTAL] <= INT64_MAX)
		a->unaccounted = (int64_t)v[MEM_TOTAL];
	ADD(m, a, MEM_FREE);
	add_user_pages(m, a);
	ADD(m, a, MEM_SLAB);
	add_term(a, "(KReclaimable - SReclaimable)",
		 less(v[MEM_KRECLAIMABLE], v[MEM_SRECLAIMABLE]));
	/* KReclaimable came with 4.20: what has it knows no VmallocUsed that is address space. */
	if (meminfo__has(m, MEM_KRECLAIMABLE))
		ADD(m, a, MEM_VMALLOC_USED);
	if (!meminfo__has(m, MEM_KRECLAIMABLE) || v[MEM_VMALLOC_USED] < v[MEM_KERNEL_STACK])
		ADD(m, a, MEM_KERNEL_STACK);
	ADD(m, a, MEM_PAGE_TABLES, MEM_SEC_PAGE_TABLES, MEM_PERCPU, MEM_ZSWAP, MEM_BOUNCE,
	    MEM_WRITEBACK_TMP, MEM_QUICKLISTS, MEM_GPU_ACTIVE, MEM_GPU_RECLAIM);
	if (meminfo__has(m, MEM_HUGETLB))
		ADD(m, a, MEM_HUGETLB);
	else if (!__builtin_mul_overflow(v[MEM_HUGE_PAGES], v[MEM_HUGE_SIZE], &(uint64_t){0}))
		add_term(a, "HugePages_Total * Hugepagesize", v[MEM_HUGE_PAGES] * v[MEM_HUGE_SIZE]);
}
