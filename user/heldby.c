/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heldby.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/debugfile.h"
#include "reach/judgement.h"
#include "reach/rootname.h"
#include "render/words.h"
#include "report/report.h"

#define MAX_WAY 6	 /* steps that are told */
#define MAX_CLIMB 100000 /* and looked at */

/* An outstanding block, to find by address. */
struct owned {
	uint64_t addr;
	const struct report_site *site;
};

/* Blocks of a site that one root leads to; key: several words may be of one variable. */
struct group {
	uint64_t root, key;
	uint64_t bytes, count;
	uint64_t addr;	/* of the block next to it */
	uint32_t steps; /* to that */
};

struct heldby {
	const struct judgement *v;
	struct rootname *names;
	struct owned *owned; /* by address */
	size_t n_owned;
	struct group *group; /* of one site */
	size_t n, max;
};

/* --- blocks --- */

static int by_address(const void *pa, const void *pb)
{
	const struct owned *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int list_owned(struct heldby *h, const struct report *r)
{
	size_t i, k, n = 0;

	for (i = 0; i < r->n_sites; i++) {
		n += r->sites[i].n_blocks;
		if (r->sites[i].n_blocks > h->max)
			h->max = r->sites[i].n_blocks;
	}
	h->owned = calloc(n + 1, sizeof(*h->owned));
	h->group = calloc(h->max + 1, sizeof(*h->group));
	if (!h->owned || !h->group)
		return -ENOMEM;
	for (i = n = 0; i < r->n_sites; i++)
		for (k = 0; k < r->sites[i].n_blocks; k++)
			h->owned[n++] = (struct owned){r->sites[i].blocks[k].addr, &r->sites[i]};
	h->n_owned = n;
	if (n)
		qsort(h->owned, n, sizeof(*h->owned), by_address);
	return 0;
}

static const struct report_site *owner(const struct heldby *h, uint64_t addr)
{
	const struct owned key = {.addr = addr}, *o;

	o = h->n_owned ? bsearch(&key, h->owned, h->n_owned, sizeof(key), by_address) : NULL;
	return o ? o->site : NULL;
}

/* --- groups --- */

static int by_root(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->root > b->root) - (a->root < b->root);
}

static int by_bytes(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return by_root(a, b);
}

static bool is_nearer(const struct group *a, const struct group *b)
{
	return a->steps != b->steps ? a->steps < b->steps : a->addr < b->addr;
}

/* Those of one key become one, which is told by its shortest way. */
static void merge(struct heldby *h)
{
	size_t i, n = 0;

	qsort(h->group, h->n, sizeof(*h->group), by_root);
	for (i = 0; i < h->n; i++) {
		const struct group *g = &h->group[i];
		struct group *to = n ? &h->group[n - 1] : NULL;

		if (!to || to->key != g->key) {
			h->group[n++] = *g;
			continue;
		}
		to->bytes += g->bytes;
		to->count += g->count;
		if (is_nearer(g, to)) {
			to->root = g->root;
			to->addr = g->addr;
			to->steps = g->steps;
		}
	}
	h->n = n;
}

static void find_groups(struct heldby *h, const struct report_site *site)
{
	struct judgement_way way;
	struct root root;
	size_t i;

	h->n = 0;
	for (i = 0; i < site->n_blocks; i++) {
		const struct report_block *b = &site->blocks[i];

		if (b->reach == REACH_REACHABLE && judgement__way(h->v, b->addr, &way))
			h->group[h->n++] = (struct group){.root = way.root,
							  .key = way.root,
							  .bytes = b->size,
							  .count = 1,
							  .addr = b->addr,
							  .steps = way.steps};
	}
	if (!h->n)
		return;
	merge(h); /* each name is asked for once */
	for (i = 0; i < h->n; i++) {
		rootname__find(h->names, h->group[i].root, &root);
		h->group[i].key = root.key;
	}
	merge(h);
	qsort(h->group, h->n, sizeof(*h->group), by_bytes);
}

/* --- words --- */

/* Blocks of one site, each with the pointer to the next one at the same place. */
struct step {
	const struct report_site *site;
	uint64_t offset;
	size_t times;
};

/* "table_new (hash.c:12) +0x10 → ...", from the root on; NULL: a root holds it. */
static char *print_way(const struct heldby *h, uint64_t addr)
{
	struct step way[MAX_WAY], *last = NULL;
	struct judgement_way at;
	size_t n = 0, climbed, i, size;
	char *text = NULL, site[WORDS_SIZE];
	FILE *out;

	/* the steps next to the root are kept */
	for (climbed = 0; climbed < MAX_CLIMB && judgement__way(h->v, addr, &at) && at.holder;
	     climbed++) {
		const struct report_site *of = owner(h, at.holder);
		uint64_t offset = at.at - at.holder;

		if (last && last->offset == offset && last->site == of) {
			last->times++;
		} else {
			last = &way[n++ % MAX_WAY];
			*last = (struct step){of, offset, 1};
		}
		addr = at.holder;
	}
	out = n ? open_memstream(&text, &size) : NULL;
	if (!out)
		return NULL;
	for (i = n; i > 0 && n - i < MAX_WAY; i--) {
		last = &way[(i - 1) % MAX_WAY];
		fprintf(out, "%s%s +%#" PRIx64, i < n ? " → " : "",
			last->site ? words__place(site, last->site) : "a block", last->offset);
		if (last->times > 1)
			fprintf(out, " (%zu times)", last->times);
	}
	if (n > MAX_WAY)
		fputs(" → …", out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void add_holder(struct heldby *h, struct report_site *site, const struct group *g)
{
	struct root root;

	rootname__find(h->names, g->root, &root);
	site->holders[site->n_holders++] = (struct report_holder){
		.root = strdup(root.name),
		.offset = root.offset,
		.file = copy(root.file),
		.line = root.line,
		.image = copy(root.image),
		.way = print_way(h, g->addr),
		.bytes = g->bytes,
		.count = g->count,
	};
}

void heldby__complete(const struct judgement *v, pid_t pid, bool debuginfod, struct report *r)
{
	const struct debugfile_opts files = {.debuginfod = debuginfod};
	const struct rootname_thread *threads;
	struct heldby h = {.v = v};
	size_t n, i, k;

	threads = judgement__threads(v, &n);
	h.names = rootname__new(pid, judgement__maps(v), threads, n, &files);
	if (h.names && !list_owned(&h, r)) {
		for (i = 0; i < r->n_sites; i++) {
			struct report_site *site = &r->sites[i];

			find_groups(&h, site);
			n = h.n < REPORT_MAX_HOLDERS ? h.n : REPORT_MAX_HOLDERS;
			site->holders = n ? calloc(n, sizeof(*site->holders)) : NULL;
			for (k = 0; site->holders && k < n; k++)
				add_holder(&h, site, &h.group[k]);
		}
	}
	rootname__free(h.names);
	free(h.owned);
	free(h.group);
}
