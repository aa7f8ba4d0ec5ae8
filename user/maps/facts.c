/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/render.h"

#define MAX_FACTS (4u << 20)

static const char *const words[FACTS] = {
	[FACT_STACK] = "stack", [FACT_OLD_STACK] = "old-stack", [FACT_TLS] = "tls",
	[FACT_HEAP] = "arena",	[FACT_BLOCKS] = "blocks",	[FACT_BSS] = "bss",
	[FACT_SHM] = "shm",	[FACT_KEPT_NAME] = "kept-name",
};

int facts__add(struct facts *f, uint64_t start, uint64_t end, enum fact_kind kind, uint64_t number,
	       const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	if (f->n >= 16 ? !(f->n & (f->n - 1)) : !f->n) {
		size_t room = f->n ? f->n * 2 : 16;
		void *grown = room <= MAX_FACTS ? reallocarray(f->fact, room, sizeof(*f->fact))
						: NULL;

		if (!grown) {
			free(copy);
			return -ENOMEM;
		}
		f->fact = grown;
	}
	f->fact[f->n++] = (struct fact){start, end, kind, number, copy};
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void facts__finish(struct facts *f)
{
	if (f->n)
		qsort(f->fact, f->n, sizeof(*f->fact), by_start);
}

void facts__clear(struct facts *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->fact[i].text);
	free(f->fact);
	memset(f, 0, sizeof(*f));
}

size_t facts__after(const struct facts *f, uint64_t addr)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->fact[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int facts__write(const struct facts *f, FILE *out)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct fact *fact = &f->fact[i];

		fprintf(out, "# %s %" PRIx64 " %" PRIx64 " %" PRIu64, words[fact->kind],
			fact->start, fact->end, fact->number);
		if (fact->text) {
			fputc(' ', out);
			render__escape(out, fact->text); /* no newlines */
		}
		fputc('\n', out);
	}
	return ferror(out) ? -EIO : 0;
}

int facts__parse(struct facts *f, const char *line)
{
	uint64_t start, end, number;
	int kind, used = 0;
	size_t len;

	for (kind = 0; kind < FACTS; kind++) {
		len = strlen(words[kind]);
		if (!strncmp(line, words[kind], len) && line[len] == ' ')
			break;
	}
	if (kind == FACTS ||
	    sscanf(line + len, " %16" SCNx64 " %16" SCNx64 " %20" SCNu64 "%n", &start, &end,
		   &number, &used) != 3 ||
	    start >= end)
		return 0;
	line += len + used;
	return facts__add(f, start, end, kind, number, *line == ' ' ? line + 1 : NULL) ? -ENOMEM
										       : 1;
}
