/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kgrowth.h"

#include <inttypes.h>
#include <stdlib.h>

#include "render/format.h"

#define MAX_LINES 8

static int by_bytes(const void *pa, const void *pb)
{
	const struct kgrowth *a = pa, *b = pb;
	uint64_t x = a->objects * a->size, y = b->objects * b->size;

	return (x < y) - (x > y);
}

/* Returns how many objects are unexplained. */
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
