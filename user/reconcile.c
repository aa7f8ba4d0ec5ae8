/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maps/groups.h"
#include "maps/growth.h"
#include "maps/sample.h"
#include "proc/procmem.h"
#include "report/report.h"
#include "target/glibc.h"

/* Chunks in free lists that are looked at: some 50 ms at most. */
#define MAX_CHUNKS 100000
#define PAGE 4096
/* malloc/malloc.c: a chunk has a word in front of it, is a multiple of 16 bytes, and at least 32.
 */
#define CHUNK_WORD 8
#define CHUNK_ALIGN 16
#define MIN_CHUNK 32

/* Mappings that have grown, and what is outstanding in them. */
struct part {
	uint64_t start, end;
	enum map_kind kind;
	uint64_t grown;
	double bytes;
	double headers; /* what malloc takes beyond, for its own account and to round up */
};

struct reconcile {
	pid_t pid;
	struct sample base;
	struct glibc_free base_free;
	uint64_t base_page_tables;

	bool known; /* of what follows, this report's */
	struct sample now;
	struct glibc_free now_free;
	uint64_t page_tables;
	uint64_t shrunk;
	struct part *part; /* by address */
	size_t n;
	size_t last; /* the part that the last block lay in */
};

/* VmPTE of /proc/PID/status, bytes; 0: not told. */
static uint64_t read_page_tables(pid_t pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, "VmPTE:", 6))
			kb = strtoul(line + 6, NULL, 10);
	if (in)
		fclose(in);
	return (uint64_t)kb * 1024;
}

static void read_free(const struct sample *s, struct glibc_free *out)
{
	struct procmem mem;

	procmem__open(&mem, s->tid);
	if (glibc__free_memory(&mem, &s->smaps, MAX_CHUNKS, out))
		out->known = false;
	procmem__close(&mem);
}

struct reconcile *reconcile__new(pid_t pid, bool from_start)
{
	struct reconcile *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->pid = pid;
	if (from_start || sample__take(pid, &r->base))
		return r;
	read_free(&r->base, &r->base_free);
	r->base_page_tables = read_page_tables(r->base.tid);
	return r;
}

static void clear_report(struct reconcile *r)
{
	sample__clear(&r->now);
	free(r->part);
	r->part = NULL;
	r->n = r->last = 0;
	r->shrunk = 0;
	r->known = false;
}

void reconcile__restart(struct reconcile *r)
{
	sample__clear(&r->base);
	memset(&r->base, 0, sizeof(r->base));
	memset(&r->base_free, 0, sizeof(r->base_free));
	r->base_page_tables = 0;
}

void reconcile__free(struct reconcile *r)
{
	if (!r)
		return;
	clear_report(r);
	reconcile__restart(r);
	free(r);
}

static int by_start(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool make_parts(struct reconcile *r)
{
	struct growth g;
	size_t i;

	if (growth__make(&r->base.layout, &r->now.layout, &g))
		return false;
	r->part = calloc(g.n + 1, sizeof(*r->part));
	for (i = 0; r->part && i < g.n; i++) {
		const struct change *c = &g.change[i];

		if (c->uss > 0)
			r->part[r->n++] = (struct part){.start = c->start,
							.end = c->end,
							.kind = c->kind,
							.grown = (uint64_t)c->uss};
		else
			r->shrunk -= (uint64_t)c->uss;
	}
	growth__clear(&g);
	if (r->n)
		qsort(r->part, r->n, sizeof(*r->part), by_start);
	return r->part;
}

void reconcile__begin(struct reconcile *r)
{
	clear_report(r);
	if (sample__take(r->pid, &r->now))
		return;
	if (!r->now.smaps.has_fields || !make_parts(r)) {
		clear_report(r);
		return;
	}
	read_free(&r->now, &r->now_free);
	r->page_tables = read_page_tables(r->now.tid);
	r->known = true;
}

/* The first part that ends above addr; r->n: there is none. */
static size_t find_part(const struct reconcile *r, uint64_t addr)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->part[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What malloc takes for a block beyond what was asked for. */
static uint64_t headers(const struct part *p, uint64_t size)
{
	uint64_t chunk;

	if (p->kind == MAP_HEAP || p->kind == MAP_ARENA) {
		chunk = (size + CHUNK_WORD + CHUNK_ALIGN - 1) & ~(uint64_t)(CHUNK_ALIGN - 1);
		return (chunk < MIN_CHUNK ? MIN_CHUNK : chunk) - size;
	}
	/* a mapping of its own */
	chunk = (size + 2 * CHUNK_WORD + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	return chunk - size;
}

void reconcile__add(struct reconcile *r, uint64_t addr, uint64_t size, double weight,
		    bool of_malloc)
{
	uint64_t end;
	size_t i;

	if (!r->n || __builtin_add_overflow(addr, size, &end))
		return;
	/* mostly in the same mapping as the one before */
	if (addr >= r->part[r->last].start && end <= r->part[r->last].end) {
		r->part[r->last].bytes += weight * size;
		if (of_malloc)
			r->part[r->last].headers += weight * headers(&r->part[r->last], size);
		return;
	}
	for (i = find_part(r, addr); i < r->n && r->part[i].start < end; i++) {
		struct part *p = &r->part[i];
		uint64_t from = addr > p->start ? addr : p->start, to = end < p->end ? end : p->end;

		p->bytes += weight * (to - from);
		if (of_malloc && from == addr)
			p->headers += weight * headers(p, size);
		r->last = i;
	}
}

/* Take so much of *rest, as far as there is. */
static uint64_t take(uint64_t *rest, double bytes)
{
	uint64_t part = bytes < (double)*rest ? (uint64_t)llrint(bytes) : *rest;

	*rest -= part;
	return part;
}

static void explain(const struct reconcile *r, const struct part *p, struct report_memory *out)
{
	uint64_t rest = p->grown;

	/* stacks are mappings that the program made, but say more by their name */
	if (p->kind == MAP_STACK) {
		out->stacks += rest;
		return;
	}
	out->explained += take(&rest, p->bytes);
	/* other allocators keep their accounts elsewhere */
	if (r->now_free.known)
		out->headers += take(&rest, p->headers);
	switch (p->kind) {
	case MAP_HEAP:
	case MAP_ARENA:
		out->arenas += rest;
		break;
	case MAP_ANON:
		out->anonymous += rest;
		break;
	default:
		out->other += rest;
	}
}

_Static_assert(MAP_KINDS <= REPORT_MAX_MAP, "a report has room for all kinds");

size_t reconcile__map(const struct reconcile *r, struct report_map *map)
{
	struct groups g;
	size_t i, n;

	if (!r->known || groups__make(&r->now.layout, GROUPS_BY_KIND, &g))
		return 0;
	for (i = 0; i < g.n; i++)
		map[i] = (struct report_map){
			.kind = (char *)map_kind__name(g.group[i].kind),
			.mappings = g.group[i].mappings,
			.size = g.group[i].size,
			.held = g.group[i].held,
			.uss = g.group[i].uss,
		};
	n = g.n;
	groups__clear(&g);
	return n;
}

void reconcile__finish(struct reconcile *r, struct report_memory *out)
{
	uint64_t more = 0;
	size_t i;

	memset(out, 0, sizeof(*out));
	out->known = r->known;
	if (!r->known)
		return;
	out->uss = smaps__total_uss(&r->now.smaps);
	out->uss_delta = (int64_t)(out->uss - smaps__total_uss(&r->base.smaps));
	out->page_tables_delta = (int64_t)(r->page_tables - r->base_page_tables);
	out->shrunk = r->shrunk;
	for (i = 0; i < r->n; i++)
		explain(r, &r->part[i], out);
	out->lists_known = r->now_free.known;
	out->lists_at_least = r->now_free.at_least;
	if (r->now_free.known && r->now_free.bytes > r->base_free.bytes)
		more = r->now_free.bytes - r->base_free.bytes;
	out->retained = take(&out->arenas, more);
	clear_report(r);
}
