/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kgroups.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/ksession.h"
#include "kernel/kstacks.h"

struct stack {
	const struct stack_trace *trace;
	uint32_t key, site; /* site: an index, of its group */
	uint32_t first;	    /* frame that is shown */
};

struct kgroups {
	struct ksession *session;
	const struct kallsyms *symbols;
	const struct kernel_site *sites;
	uint16_t site[KERNEL_SITES], sorted[KERNEL_SITES];
	uint32_t *stack; /* by key */
	size_t n_keys;	 /* one more than the largest one */
	struct stack *stacks;
	size_t n_stacks;
};

struct kgroups *kgroups__new(struct ksession *session, const struct kallsyms *symbols)
{
	struct kgroups *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->session = session;
	g->symbols = symbols;
	g->sites = ksession__sites(session);
	g->n_keys = ksession__max_stack_key(session) + 1;
	g->stack = calloc(g->n_keys, sizeof(*g->stack));
	g->stacks = calloc(g->n_keys, sizeof(*g->stacks));
	if (!g->stack || !g->stacks) {
		kgroups__free(g);
		return NULL;
	}
	return g;
}

void kgroups__free(struct kgroups *g)
{
	if (!g)
		return;
	free(g->stack);
	free(g->stacks);
	free(g);
}

/* --- sites --- */

static int compare_sites(const struct kernel_site *a, const struct kernel_site *b)
{
	if (a->call_site != b->call_site)
		return a->call_site < b->call_site ? -1 : 1;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return strncmp(a->name, b->name, sizeof(a->name));
}

static int sort_sites(const void *pa, const void *pb, void *arg)
{
	const struct kernel_site *sites = arg;
	uint16_t a = *(const uint16_t *)pa, b = *(const uint16_t *)pb;
	int order = compare_sites(&sites[a], &sites[b]);

	return order ? order : (a > b) - (a < b);
}

static void group_sites(struct kgroups *g)
{
	size_t n = 0, i;

	for (i = 0; i < KERNEL_SITES; i++)
		if (g->sites[i].hash)
			g->sorted[n++] = i;
	if (n)
		qsort_r(g->sorted, n, sizeof(g->sorted[0]), sort_sites, (void *)g->sites);
	for (i = 0; i < n; i++) {
		uint16_t site = g->sorted[i], before = i ? g->sorted[i - 1] : 0;

		g->site[site] = i && !compare_sites(&g->sites[before], &g->sites[site])
					? g->site[before]
					: site;
	}
}

/* --- stacks --- */

static uint32_t shown(const struct stack *s)
{
	return s->trace->head.depth - s->first;
}

static int compare_stacks(const struct stack *a, const struct stack *b)
{
	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	if (shown(a) != shown(b))
		return shown(a) < shown(b) ? -1 : 1;
	return memcmp(&a->trace->pc[a->first], &b->trace->pc[b->first],
		      shown(a) * sizeof(a->trace->pc[0]));
}

static int sort_stacks(const void *pa, const void *pb)
{
	const struct stack *a = pa, *b = pb;
	int order = compare_stacks(a, b);

	return order ? order : (a->key > b->key) - (a->key < b->key);
}

static void add_stacks(struct kgroups *g)
{
	uint32_t key, site;

	g->n_stacks = 0;
	for (key = 1; key < g->n_keys; key++) {
		const struct stack_trace *trace = ksession__stack(g->session, key);

		g->stack[key] = key;
		site = trace ? KSTACK_SITE(trace->head.end) : 0;
		if (!site || site > KERNEL_SITES || trace->head.depth > MEMLEAK_MAX_DEPTH)
			continue;
		g->stacks[g->n_stacks++] = (struct stack){
			.trace = trace,
			.key = key,
			.site = g->site[site - 1],
			.first = kstacks__first(g->symbols, trace, g->sites[site - 1].call_site),
		};
	}
}

void kgroups__update(struct kgroups *g)
{
	size_t i;

	group_sites(g);
	add_stacks(g);
	if (g->n_stacks)
		qsort(g->stacks, g->n_stacks, sizeof(*g->stacks), sort_stacks);
	for (i = 1; i < g->n_stacks; i++)
		if (!compare_stacks(&g->stacks[i - 1], &g->stacks[i]))
			g->stack[g->stacks[i].key] = g->stack[g->stacks[i - 1].key];
}

uint32_t kgroups__site(const struct kgroups *g, uint32_t site)
{
	return site < KERNEL_SITES ? g->site[site] : site;
}

uint32_t kgroups__stack(const struct kgroups *g, uint32_t key)
{
	return key < g->n_keys ? g->stack[key] : 0;
}
