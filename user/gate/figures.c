/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gate/suppress.h"
#include "render/format.h"
#include "report/report.h"

#define LEAKED_KINDS (1U << REACH_DEFINITE | 1U << REACH_INDIRECT)

/* How much of a site has leaked, of kinds that are not suppressed. */
static struct reach_sum leaked_of(const struct report *r, const struct report_site *site,
				  unsigned int kinds)
{
	struct reach_sum sum = {0};
	unsigned int k;

	if (reach__is_judged(&r->reach)) {
		for (k = 0; k < REACH_KINDS; k++)
			if (kinds & LEAKED_KINDS & 1U << k)
				reach_sum__add(&sum, site->reach[k].bytes, site->reach[k].count);
	} else if (!r->reach.wanted && r->target_ended && kinds) {
		reach_sum__add(&sum, site->bytes, site->count);
	}
	return sum;
}

void figures__take(struct suppressions *s, struct report *r, struct expr_figures *out)
{
	struct reach_sum suppressed = {0};
	struct report_gate *g = &r->gate;
	uint64_t stacks = r->n_stacks;
	unsigned int kinds = ~0U;
	size_t i;

	g->leaked = (struct reach_sum){0};
	g->leaking_sites = 0;
	g->leaked_known = reach__is_judged(&r->reach) || (!r->reach.wanted && r->target_ended);
	if (s)
		suppressions__reset(s);
	for (i = 0; i < r->n_sites; i++) {
		struct report_site *site = &r->sites[i];

		site->suppressed = (struct reach_sum){0}; /* of an earlier gate */
		site->suppressor = 0;
		if (s)
			kinds = suppressions__mark(s, r, site);
		site->leaked = leaked_of(r, site, kinds);
		reach_sum__add(&g->leaked, site->leaked.bytes, site->leaked.count);
		g->leaking_sites += site->leaked.count != 0;
		reach_sum__add(&suppressed, site->suppressed.bytes, site->suppressed.count);
		stacks -= site->count && site->suppressed.count == site->count;
	}
	*out = (struct expr_figures){
		.value =
			{
				/* malloc(0) leaks, too: no leak is 0 bytes */
				[EXPR_LEAKED] = g->leaked.bytes ? g->leaked.bytes : g->leaked.count,
				[EXPR_LEAKS] = g->leaked.count,
				[EXPR_BYTES] = r->bytes - suppressed.bytes,
				[EXPR_COUNT] = r->count - suppressed.count,
				[EXPR_STACKS] = stacks,
				[EXPR_ALLOCS] = r->account.seen,
			},
		.known =
			{
				[EXPR_LEAKED] = g->leaked_known,
				[EXPR_LEAKS] = g->leaked_known,
				[EXPR_BYTES] = true,
				[EXPR_COUNT] = true,
				[EXPR_STACKS] = true,
				[EXPR_ALLOCS] = true,
			},
	};
}

static bool is_doubt(char buf[DOUBT_SIZE], uint64_t n, const char *what)
{
	char number[FORMAT_NUMBER_SIZE];

	if (n)
		snprintf(buf, DOUBT_SIZE, "%s %s", format__number(number, n), what);
	return n;
}

const char *figures__doubt(char buf[DOUBT_SIZE], const struct report *r)
{
	const struct report_account *a = &r->account;

	if (sampling__is_on(&r->sampling))
		return "only a sample was followed";
	if (!a->seen && !a->filtered)
		return "no allocation was seen at all";
	if (r->partial)
		return "part of it was not followed or not judged, see the warnings";
	if (a->imbalance || report__balance(a))
		return "the accounting does not balance";
	if (is_doubt(buf, report__lost(a), "allocations were lost") ||
	    is_doubt(buf, a->no_slot, "calls of the allocator were not followed") ||
	    is_doubt(buf, a->event_lost, "notifications of mappings were lost") ||
	    is_doubt(buf, a->event_missed, "system calls were passed over by the kernel") ||
	    is_doubt(buf, a->event_unsure, "system calls may have been passed over by the kernel"))
		return buf;
	return NULL;
}
