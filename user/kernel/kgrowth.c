/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kgrowth.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "render/format.h"

#define MAX_LINES 8

static int by_bytes(const void *pa, const void *pb)
{
	const struct kgrowth *a = pa, *b = pb;
	uint64_t x = a->objects * a->size, y = b->objects * b->size;

	return (x < y) - (x > y);
}

/*
 * Caches from which the kernel itself allocates without an event: those in whose names
 * kmem_cache_alloc_bulk() is called, and since 6.18 kmem_cache_prefill_sheaf(), by the code of
 * Debian's 6.1, 6.12 and 7.3. Modules may have others. dentries and inodes have their events: what
 * is missing of these was counted while it changed.
 */
static bool is_in_bulk(const char *cache)
{
	static const char *const caches[] = {"io_kiocb", "maple_node", "skbuff_head_cache"};
	size_t i;

	for (i = 0; i < sizeof(caches) / sizeof(*caches); i++)
		if (!strcmp(cache, caches[i]))
			return true;
	return false;
}

/* Returns how many objects are unexplained, and not explained here. */
static uint64_t print_one(const struct kgrowth *g, bool selective, FILE *out)
{
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];
	uint64_t missing = g->objects - g->known, permille;

	fprintf(out, "check: %s grew by %s objects, ", g->name, format__number(a, g->objects));
	/* where more are there than it has grown by, others have gone meanwhile */
	if (g->known >= g->objects) {
		fprintf(out, "all of them accounted for (%s allocated since are there)\n",
			format__number(b, g->known));
		return 0;
	}
	permille = g->known * 1000 / g->objects; /* down: 100 % are all of them */
	fprintf(out, "%s of them accounted for (%" PRIu64 ".%" PRIu64 " %%)",
		format__number(b, g->known), permille / 10, permille % 10);
	if (g->moving)
		fprintf(out, ", %s came or went meanwhile",
			format__number(a, g->moving < missing ? g->moving : missing));
	missing -= g->moving < missing ? g->moving : missing;
	if (missing)
		fprintf(out, ", %s %s", format__number(a, missing),
			selective ? "not followed" : "unexplained");
	if (missing && !selective && is_in_bulk(g->name)) {
		fprintf(out, ": the kernel allocates these in bulk, which has no event");
		missing = 0;
	}
	fputc('\n', out);
	return selective ? 0 : missing;
}

void kgrowth__print(struct kgrowth *list, size_t n, bool selective, FILE *out)
{
	uint64_t unexplained = 0;
	size_t i;

	if (n)
		qsort(list, n, sizeof(*list), by_bytes);
	for (i = 0; i < n && i < MAX_LINES; i++)
		unexplained += print_one(&list[i], selective, out);
	if (n > MAX_LINES)
		fprintf(out, "check: and %zu more caches grew\n", n - MAX_LINES);
	if (unexplained)
		fprintf(out, "check: unexplained are objects that were allocated without an event, "
			     "as in bulk, by this tool, or for a moment\n");
}
