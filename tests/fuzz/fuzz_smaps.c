/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the smaps parser and what is made of it: whatever is read keeps the promises of smaps.h.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maps/groups.h"
#include "maps/growth.h"
#include "maps/page.h"
#include "maps/picture.h"
#include "maps/sample.h"
#include "maps/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(struct smaps_vma *v, void *arg)
{
	return smaps__add(arg, v);
}

static void parse(const uint8_t *data, size_t size, size_t piece, struct smaps *s)
{
	struct smaps_parser *p;
	size_t at, n;

	memset(s, 0, sizeof(*s));
	p = smaps_parser__new(keep, s);
	for (at = 0; p && at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		if (smaps_parser__feed(p, (const char *)data + at, n))
			break;
	}
	if (p)
		smaps_parser__end(p);
	smaps_parser__free(p);
	smaps__finish(s);
}

/* Lines "# …" of a recording. */
static void parse_facts(const uint8_t *data, size_t size, struct facts *f)
{
	char line[256];
	size_t at = 0, n;

	memset(f, 0, sizeof(*f));
	for (; at < size; at += n + 1) {
		const uint8_t *eol = memchr(data + at, '\n', size - at);

		n = eol ? (size_t)(eol - data) - at : size - at;
		if (n < 2 || n >= sizeof(line) || data[at] != '#')
			continue;
		memcpy(line, data + at + 2, n - 2);
		line[n - 2] = '\0';
		if (facts__parse(f, line) < 0)
			abort();
	}
	facts__finish(f);
}

static void check(const struct smaps *s)
{
	uint64_t held = 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct smaps_vma *v = &s->vma[i];

		if (!v->map.path || v->map.start >= v->map.end ||
		    (i && s->vma[i - 1].map.end > v->map.start) ||
		    smaps__find(s, v->map.start) != v || smaps__find(s, v->map.end - 1) != v)
			abort();
		if (__builtin_add_overflow(held, v->bytes[SMAPS_RSS], &held))
			abort();
	}
	if (held != s->sum[SMAPS_RSS])
		abort();
}

/* Groups and changes add up, and everything can be shown. */
static void show(struct smaps *s, const struct facts *f)
{
	static const struct show_opts opts = {.top = 3, .columns = 100};
	static struct sample before, after;
	struct moment moments[3];
	struct groups groups;
	struct growth growth;
	uint64_t held = 0;
	size_t i, mappings = 0;
	FILE *out = fopen("/dev/null", "w");

	after.smaps = *s;
	if (!out || layout__make(&before.smaps, NULL, &before.layout) ||
	    layout__make(s, f, &after.layout) ||
	    groups__make(&after.layout, GROUPS_BY_OBJECT, &groups) ||
	    growth__make(&before.layout, &after.layout, &growth))
		abort();
	for (i = 0; i < groups.n; i++) {
		held += groups.group[i].held;
		mappings += groups.group[i].mappings;
	}
	if (mappings != s->n || held != groups.total.held || growth.total.held != (int64_t)held ||
	    growth.total.mappings != (int64_t)s->n)
		abort();
	show__sample(&after, &opts, out);
	sample__moment(&before, &moments[0]);
	sample__moment(&after, &moments[1]);
	sample__moment(&after, &moments[2]);
	show__growth(&before, &after, moments, 3, &opts, out);
	page__write(&before, &after, 2, out);
	growth__clear(&growth);
	groups__clear(&groups);
	layout__clear(&after.layout);
	layout__clear(&before.layout);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smaps whole, pieces;
	struct facts facts;

	if (!size)
		return 0;
	parse(data, size, size, &whole);
	parse(data, size, 1 + data[0] % 64, &pieces);
	check(&whole);
	if (whole.n != pieces.n || memcmp(whole.sum, pieces.sum, sizeof(whole.sum)) != 0)
		abort();
	parse_facts(data, size, &facts);
	show(&whole, &facts);
	facts__clear(&facts);
	smaps__clear(&whole);
	smaps__clear(&pieces);
	return 0;
}
