/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ksites - what the report says of a site. */
#include "kernel/kreport_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "kernel/kgroups.h"
#include "kernel/kstacks.h"
#include "render/format.h"
#include "report/report.h"

static uint32_t site_of_entry(const struct kreport *r, const char *entry)
{
	uint32_t i;

	for (i = 0; i < KERNEL_SITES; i++)
		if (r->entry[i] == entry)
			return i;
	return KERNEL_SITES;
}

static const char *context_name(uint32_t context)
{
	switch (context) {
	case KERNEL_SOFTIRQ:
		return "softirq";
	case KERNEL_HARDIRQ:
		return "interrupt";
	default:
		return "task";
	}
}

/* Is this the stack of some allocation at a site? */
static bool is_of(const struct kreport *r, uint32_t key, uint32_t site)
{
	const struct stack_trace *trace = ksession__stack(r->session, key);
	uint32_t its = trace ? KSTACK_SITE(trace->head.end) : 0;

	return its && its <= KERNEL_SITES && kgroups__site(r->groups, its - 1) == site;
}

/* The stack that most objects of a site have; of those that none has, the one taken last. */
static uint32_t main_stack(const struct kreport *r, uint32_t site)
{
	uint64_t best_count = 0, best_time = 0;
	uint32_t key, best = 0;

	for (key = 1; key < r->n_stacks; key++) {
		const struct kernel_latest *latest = ksession__latest(r->session, key);
		uint64_t count = r->by_stack[key].count;

		if (count < best_count || !is_of(r, key, site))
			continue;
		if (best && count == best_count && latest->jiffies <= best_time)
			continue;
		best = key;
		best_count = count;
		best_time = latest->jiffies;
	}
	return best;
}

static int use_stack(const struct kreport *r, uint32_t key, struct report_site *out)
{
	struct model_stack stack = {0};
	int err = kreport__resolve(KERNEL_SITES + (uint64_t)key, &stack, (void *)r);

	if (err || stack.lost) {
		report_frames__free(stack.frames, stack.n_frames);
		return err;
	}
	report_frames__free(out->frames, out->n_frames);
	out->frames = stack.frames;
	out->n_frames = stack.n_frames;
	out->stack_lost = false;
	out->stack_cut = stack.cut;
	return 0;
}

/* Where another stack of the site leaves the one that is shown: "a ← b ← c". */
static void print_fork(const struct kreport *r, uint32_t key, const struct report_site *shown,
		       FILE *out)
{
	struct report_site other = {0};
	size_t i, n;

	if (use_stack(r, key, &other))
		return;
	for (i = 0; i < other.n_frames && i < shown->n_frames; i++)
		if (other.frames[i].addr != shown->frames[i].addr)
			break;
	for (n = 0; i < other.n_frames && n < 4; i++, n++) {
		fputs(n ? " ← " : "", out);
		if (other.frames[i].function)
			fprintf(out, "%s+0x%" PRIx64, other.frames[i].function,
				other.frames[i].offset);
		else
			fprintf(out, "0x%" PRIx64, other.frames[i].addr);
	}
	if (i < other.n_frames)
		fputs(" ← …", out);
	report_frames__free(other.frames, other.n_frames);
}

#define MAX_FORKS 4 /* other stacks of a site that are named */

/* Which of its objects have the stack that is shown, and where others come from. */
static void print_stacks(const struct kreport *r, uint32_t site, uint32_t shown,
			 const struct report_site *out_site, FILE *out)
{
	uint64_t with_stack = 0, others = 0, named = 0, last = UINT64_MAX;
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];
	uint32_t key;

	for (key = 1; key < r->n_stacks; key++) {
		if (!r->by_stack[key].count || !is_of(r, key, site))
			continue;
		with_stack += r->by_stack[key].count;
		others += key != shown;
	}
	if (!r->by_stack[shown].count)
		fputs("[none of these has a stack: this one is of another allocation there]\n",
		      out);
	else if (with_stack < r->by_site[site].count || others)
		fprintf(out, "[%s of them %s a stack, %s this one]\n",
			format__number(a, with_stack), with_stack == 1 ? "has" : "have",
			format__number(b, r->by_stack[shown].count));
	/* by their numbers, largest first */
	while (named < MAX_FORKS && named < others) {
		uint32_t best = 0;

		for (key = 1; key < r->n_stacks; key++) {
			uint64_t rank = r->by_stack[key].count * r->n_stacks + key;

			if (!r->by_stack[key].count || key == shown || rank >= last ||
			    !is_of(r, key, site))
				continue;
			if (!best || rank > r->by_stack[best].count * r->n_stacks + best)
				best = key;
		}
		if (!best)
			break;
		last = r->by_stack[best].count * r->n_stacks + best;
		named++;
		fprintf(out, "[%s from ", format__number(a, r->by_stack[best].count));
		print_fork(r, best, out_site, out);
		fputs("]\n", out);
	}
	if (named < others)
		fprintf(out, "[and %" PRIu64 " more stacks: --stack-every 1 shows all]\n",
			others - named);
}

/* The stack of the site's latest allocation, of those that have one; key: only this stack, 0: any.
 */
static uint32_t latest_stack(const struct kreport *r, uint32_t site, uint32_t key)
{
	uint64_t best_time = 0;
	uint32_t k, best = 0;

	for (k = 1; k < r->n_stacks; k++) {
		const struct kernel_latest *latest;

		if (!is_of(r, k, site) || (key && kgroups__stack(r->groups, k) != key))
			continue;
		latest = ksession__latest(r->session, k);
		if (best && latest->jiffies <= best_time)
			continue;
		best = k;
		best_time = latest->jiffies;
	}
	return best;
}

static uint64_t seen_at(const struct kreport *r, uint32_t site)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < KERNEL_SITES; i++)
		if (kgroups__site(r->groups, i) == site)
			sum += r->seen[i];
	return sum;
}

static void print_detail(const struct kreport *r, uint32_t site, uint32_t key, FILE *out)
{
	const struct tally *t = kreport__is_by_stack(r, site) && key ? &r->by_stack[key]
								     : &r->by_site[site];
	uint32_t k = latest_stack(r, site, kreport__is_by_stack(r, site) ? key : 0);
	const struct kernel_latest *latest = ksession__latest(r->session, k);
	const struct stack_trace *trace = ksession__stack(r->session, k);
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];
	uint64_t waste = t->alloc - t->req;

	fprintf(out, "%s bytes asked for, %s wasted (%.1f %%)", format__number(a, t->req),
		format__number(b, waste), t->alloc ? 100.0 * waste / t->alloc : 0);
	if (!kreport__is_by_stack(r, site))
		fprintf(out, "; %s allocated here since tracing began",
			format__number(a, seen_at(r, site)));
	fputc('\n', out);
	if (!r->slub_answers && r->sites[site].class <= KERNEL_CACHE)
		fputs("[some may be free already: frees in bulk and by kfree_rcu go unseen here]\n",
		      out);
	if (latest && trace)
		fprintf(out, "latest by %.*s/%u in %s context\n", (int)sizeof(latest->comm),
			latest->comm, latest->pid, context_name(KSTACK_CONTEXT(trace->head.end)));
}

/* The key of the stack with these frames. */
static uint32_t key_of_frames(const struct kreport *r, uint32_t site,
			      const struct report_site *shown)
{
	const struct stack_trace *trace;
	uint32_t key;
	size_t i, first;

	for (key = 1; key < r->n_stacks; key++) {
		if (!r->by_stack[key].count || !is_of(r, key, site))
			continue;
		trace = ksession__stack(r->session, key);
		if (trace->head.depth < shown->n_frames)
			continue;
		first = trace->head.depth - shown->n_frames;
		for (i = 0; i < shown->n_frames; i++)
			if (trace->pc[first + i] != shown->frames[i].addr)
				break;
		if (i == shown->n_frames &&
		    first == kstacks__first(r->symbols, trace, r->sites[site].call_site))
			return key;
	}
	return 0;
}

int ksites__complete(struct kreport *r, struct report_site *shown)
{
	uint32_t site = site_of_entry(r, shown->entry), key;
	size_t size;
	FILE *out;
	int err = 0;

	if (site == KERNEL_SITES)
		return 0;
	if (kreport__is_by_stack(r, site)) {
		key = key_of_frames(r, site, shown);
	} else {
		key = main_stack(r, site);
		if (key)
			err = use_stack(r, key, shown);
	}
	if (err)
		return err;
	out = open_memstream(&shown->detail, &size);
	if (!out)
		return -ENOMEM;
	print_detail(r, site, key, out);
	if (fclose(out))
		return -ENOMEM;
	out = open_memstream(&shown->after, &size);
	if (!out)
		return -ENOMEM;
	if (!kreport__is_by_stack(r, site) && key)
		print_stacks(r, site, key, shown, out);
	if (r->opts.dump)
		err = kdump__print(r, site, kreport__is_by_stack(r, site) ? key : 0, out);
	return fclose(out) ? -ENOMEM : err;
}
