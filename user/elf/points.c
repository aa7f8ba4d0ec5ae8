/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/cut.h"
#include "elf/decoder.h"
#include "elf/flow.h"
#include "elf/points_priv.h"

#define COST_TRAP 1000000 /* of one that every call meets */
#define MAX_DEPTH 4096	  /* bytes of stack frame */

#define PASSED_NOTHING 1
#define PASSED_BEGIN 2
#define PASSED_RESULT 4

/* --- candidates --- */

/* Find the value in a register, or on the stack at or above rsp. */
static bool locate(const struct flow_state *s, struct flow_val v, uint8_t *where, uint16_t *at)
{
	int64_t rsp = s->at[REG_RSP].n, offset;
	uint16_t loc;

	for (loc = 0; loc < N_LOCS; loc++) {
		if (s->at[loc].kind != v.kind || s->at[loc].n != v.n)
			continue;
		if (loc < N_REGS) {
			*where = (uint8_t)loc;
			*at = 0;
			return true;
		}
		offset = -8 * (int64_t)(loc - LOC_SLOT + 1);
		if (offset < rsp)
			continue;
		*where = POINT_STACK;
		*at = (uint16_t)(offset - rsp);
		return true;
	}
	return false;
}

static bool is_own(const struct analysis *a, const struct flow_node *node)
{
	return node->in.addr - a->query->vaddr < a->query->bytes;
}

/* Could it be probed there, with that known of the result? */
static bool make_point(const struct analysis *a, const struct flow_node *node,
		       const struct results *r, uint8_t ways, struct point *p)
{
	const struct flow_val fp = {.kind = VAL_ENTRY, .n = REG_RBP};
	const struct flow_state *s = node->before;
	int64_t depth;
	uint8_t reg = REG_RAX;

	memset(p, 0, sizeof(*p));
	if (is_dead(r) || !flow__depth(s, &depth) || depth > 0 || depth < -MAX_DEPTH || depth % 8)
		return false;
	p->vaddr = node->in.addr;
	p->depth = (uint16_t)-depth;
	p->cc = node->in.cc;
	if (!locate(s, fp, &p->fp, &p->fp_at))
		return false;
	if (r->zero) {
		p->ptr = POINT_NULL;
		p->size = POINT_NULL;
	} else {
		if (!(r->regs & 1 << REG_RAX))
			for (reg = 0; reg < N_REGS && !(r->regs >> reg & 1); reg++)
				;
		if (reg == N_REGS || !node->in.emulated)
			return false;
		p->ptr = reg;
		if (!locate(s, a->size, &p->size, &p->size_at))
			p->kind = POINT_END;
	}
	if (!is_own(a, node))
		p->kind = POINT_END;
	p->ways = ways;
	return true;
}

static void make_begin(const struct analysis *a, const struct flow_node *node, struct point *p)
{
	int64_t depth;

	if (!is_own(a, node) || !node->in.emulated || !flow__depth(node->before, &depth) ||
	    depth > 0 || depth < -MAX_DEPTH || depth % 8 ||
	    !locate(node->before, a->size, &p->size, &p->size_at))
		return;
	p->vaddr = node->in.addr;
	p->kind = POINT_BEGIN;
	p->ptr = p->fp = POINT_NULL;
	p->cc = CC_NONE;
	p->depth = (uint16_t)-depth;
	p->ways = POINT_GOES_ON | POINT_TAKEN;
}

static uint8_t live_ways(const struct analysis *a, const struct flow_node *node)
{
	uint8_t ways = 0;

	if (node->in.op != INSN_BRANCH)
		return POINT_GOES_ON | POINT_TAKEN;
	if (is_live(a, node->next[0]))
		ways |= POINT_GOES_ON;
	if (is_live(a, node->next[1]))
		ways |= POINT_TAKEN;
	return ways;
}

static void find_candidates(struct analysis *a)
{
	struct results r;
	size_t i;
	int k;

	for (i = 0; i < a->flow.n; i++) {
		const struct flow_node *node = &a->flow.node[i];

		if (!node->before || !a->times[i])
			continue;
		/* on a way that never returns there is no result to count */
		if (make_point(a, node, &a->before[i], live_ways(a, node), &a->at[i]) &&
		    a->at[i].ways != (POINT_GOES_ON | POINT_TAKEN) && node->in.cc == CC_NONE)
			a->at[i].ways = 0;
		make_begin(a, node, &a->begin[i]);
		if (node->in.op != INSN_BRANCH || node->in.cc == CC_NONE || !node->in.emulated)
			continue;
		for (k = 0; k < 2; k++) {
			if (!is_live(a, node->next[k]))
				continue;
			r = points__on_way(a, node, k);
			make_point(a, node, &r, k ? POINT_TAKEN : POINT_GOES_ON, &a->way[i][k]);
		}
	}
}

static int64_t cost_of(const struct analysis *a, size_t i, const struct point *p, bool on_way)
{
	int64_t cost = (int64_t)(a->times[i] * COST_TRAP) + 1;

	if (!p->ways)
		return CUT_NEVER;
	/* only failing calls come by: rare */
	if (p->ptr == POINT_NULL && p->kind != POINT_BEGIN && !on_way)
		return a->flow.node[i].in.emulated ? 2 : 10;
	return p->kind == POINT_END ? 2 * cost : cost;
}

/* --- the choice, and its proof --- */

static int build_cut(const struct analysis *a, struct cut *c)
{
	uint32_t sink = 2 * (uint32_t)a->flow.n;
	size_t i;
	int err = 0, k;

	for (i = 0; i < a->flow.n && !err; i++) {
		const struct flow_node *node = &a->flow.node[i];
		uint32_t in = 2 * (uint32_t)i, out = in + 1;

		if (!is_live(a, (int32_t)i))
			continue;
		err = cut__arc(c, in, out, cost_of(a, i, &a->at[i], false));
		if (!err && (flow__returns(node) || node->end == FLOW_LEAVES))
			err = cut__arc(c, out, sink, CUT_NEVER);
		for (k = 0; k < 2 && !err; k++)
			if (is_live(a, node->next[k]))
				err = cut__arc(c, out, 2 * node->next[k],
					       cost_of(a, i, &a->way[i][k], true));
	}
	return err;
}

static int add_point(struct points *out, const struct point *p)
{
	if (out->n == POINTS_MAX)
		return -ENOENT;
	out->point[out->n++] = *p;
	return 0;
}

static int take_points(struct analysis *a, const struct cut *c, struct points *out)
{
	size_t i;
	int err = 0, k;

	for (i = 0; i < a->flow.n && !err; i++) {
		bool in = cut__is_before(c, 2 * i), between = cut__is_before(c, 2 * i + 1);

		if (in && !between && is_live(a, (int32_t)i))
			err = add_point(out, &a->at[i]);
		else
			a->at[i].ways = 0;
		for (k = 0; k < 2 && !err; k++) {
			int32_t to = a->flow.node[i].next[k];

			if (between && is_live(a, to) && !cut__is_before(c, 2 * to))
				err = add_point(out, &a->way[i][k]);
			else
				a->way[i][k].ways = 0;
		}
	}
	return err;
}

/* Mark the nodes from which a point that ends a call can be met first. */
static void find_ending(const struct analysis *a, uint8_t *ends)
{
	bool changed = true;
	size_t i;
	int k;

	while (changed) {
		changed = false;
		for (i = a->flow.n; i-- > 0;) {
			const struct flow_node *node = &a->flow.node[i];
			bool yes = a->at[i].ways && a->at[i].kind == POINT_END;

			for (k = 0; k < 2 && !a->at[i].ways; k++)
				if (is_live(a, node->next[k]))
					yes |= a->way[i][k].ways ? a->way[i][k].kind == POINT_END
								 : ends[node->next[k]];
			changed |= yes != ends[i];
			ends[i] = yes;
		}
	}
}

/* The cut between the entry and the points that end a call: where it begins. */
static int build_begins(const struct analysis *a, const uint8_t *ends, struct cut *c)
{
	uint32_t sink = 2 * (uint32_t)a->flow.n;
	size_t i;
	int err = 0, k;

	for (i = 0; i < a->flow.n && !err; i++) {
		const struct flow_node *node = &a->flow.node[i];
		uint32_t in = 2 * (uint32_t)i, out = in + 1;

		if (!ends[i])
			continue;
		if (a->at[i].ways) {
			err = cut__arc(c, in, sink, CUT_NEVER);
			continue;
		}
		err = cut__arc(c, in, out, cost_of(a, i, &a->begin[i], false));
		for (k = 0; k < 2 && !err; k++) {
			if (!is_live(a, node->next[k]))
				continue;
			if (a->way[i][k].ways && a->way[i][k].kind == POINT_END)
				err = cut__arc(c, out, sink, CUT_NEVER);
			else if (!a->way[i][k].ways && ends[node->next[k]])
				err = cut__arc(c, out, 2 * node->next[k], CUT_NEVER);
		}
	}
	return err;
}

/* How many probes a call hits. */
static double count_traps(const struct analysis *a)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < a->flow.n; i++)
		if (a->begin[i].ways || a->at[i].ways || a->way[i][0].ways || a->way[i][1].ways)
			sum += a->times[i];
	return sum;
}

static int take_begins(struct analysis *a, const uint8_t *ends, const struct cut *c,
		       struct points *out)
{
	size_t i;
	int err = 0;

	for (i = 0; i < a->flow.n && !err; i++)
		if (ends[0] && ends[i] && cut__is_before(c, 2 * i) &&
		    !cut__is_before(c, 2 * i + 1) && a->begin[i].ways)
			err = add_point(out, &a->begin[i]);
		else
			a->begin[i].ways = 0;
	return err;
}

/* What has been passed after a point, if all that before it; 0: that must not be. */
static uint8_t pass(const struct point *p, uint8_t passed)
{
	if (!p->ways)
		return passed;
	if (p->kind == POINT_BEGIN)
		return passed == PASSED_NOTHING ? PASSED_BEGIN : 0;
	if (p->kind == POINT_END)
		return passed == PASSED_BEGIN ? PASSED_RESULT : 0;
	return passed & PASSED_RESULT ? 0 : PASSED_RESULT;
}

/* The same on the way from node i to next[k]. */
static uint8_t pass_on(const struct analysis *a, size_t i, int k)
{
	uint8_t way = a->flow.node[i].in.op == INSN_BRANCH && k ? POINT_TAKEN : POINT_GOES_ON;
	uint8_t passed = pass(&a->begin[i], a->passed[i]);

	if (a->at[i].ways & way)
		passed = pass(&a->at[i], passed);
	return pass(&a->way[i][k], passed);
}

/*
 * The proof, whatever the choice came from: on every path one result is met before the return, none
 * after it, and before the end of a call its only beginning.
 */
static bool is_proven(struct analysis *a)
{
	bool changed = true;
	uint8_t passed;
	size_t i;
	int k;

	memset(a->passed, 0, a->flow.n);
	a->passed[0] = PASSED_NOTHING;
	while (changed) {
		changed = false;
		for (i = 0; i < a->flow.n; i++) {
			const struct flow_node *node = &a->flow.node[i];

			if (!a->passed[i] || !is_live(a, (int32_t)i))
				continue;
			if (node->end == FLOW_LEAVES ||
			    (flow__returns(node) && pass_on(a, i, 0) != PASSED_RESULT))
				return false;
			for (k = 0; k < 2; k++) {
				int32_t to = node->next[k];

				if (!is_live(a, to))
					continue;
				passed = pass_on(a, i, k);
				if (!passed)
					return false;
				changed |= (passed | a->passed[to]) != a->passed[to];
				a->passed[to] |= passed;
			}
		}
	}
	return true;
}

/* Choose results, then what they need before them. */
static int choose(struct analysis *a, struct points *out)
{
	uint32_t sink = 2 * (uint32_t)a->flow.n;
	struct cut *results = cut__new(sink + 1), *begins = cut__new(sink + 1);
	uint8_t *ends = calloc(a->flow.n, 1);
	int err = -ENOMEM;

	if (!results || !begins || !ends || build_cut(a, results))
		goto cleanup;
	err = -ENOENT;
	if (!is_live(a, 0) || cut__solve(results, 0, sink) >= CUT_NEVER)
		goto cleanup;
	err = take_points(a, results, out);
	if (err)
		goto cleanup;
	find_ending(a, ends);
	err = build_begins(a, ends, begins);
	if (err)
		goto cleanup;
	err = -ENOENT;
	if (cut__solve(begins, 0, sink) >= CUT_NEVER)
		goto cleanup;
	err = take_begins(a, ends, begins, out);
	out->traps = count_traps(a);
	if (!err && (out->traps > a->query->max_traps || !is_proven(a)))
		err = -ENOENT;
cleanup:
	cut__free(results);
	cut__free(begins);
	free(ends);
	return err;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Does whoever is called from node i need to know the function as an allocator by its code? Where a
 * call has been begun by a point it is known by that.
 */
static bool is_on_its_own(const struct analysis *a, size_t i)
{
	const struct flow_node *node = &a->flow.node[i];

	if (node->in.op != INSN_CALL)
		return false;
	return is_own(a, node) || (a->passed[i] && pass_on(a, i, 0) != PASSED_BEGIN);
}

static int list_code(const struct analysis *a, struct points *out)
{
	const struct flow *f = &a->flow;
	size_t i;

	out->insns = calloc(f->n, sizeof(*out->insns));
	out->insn_sizes = calloc(f->n, sizeof(*out->insn_sizes));
	out->calls = calloc(f->n, sizeof(*out->calls));
	if (!out->insns || !out->insn_sizes || !out->calls)
		return -ENOMEM;
	/* the size travels with the address: addresses take 48 bits */
	for (i = 0; i < f->n; i++)
		out->insns[i] = f->node[i].in.addr << 8 | f->node[i].in.size;
	qsort(out->insns, f->n, sizeof(*out->insns), by_address);
	for (i = 0; i < f->n; i++) {
		out->insn_sizes[i] = out->insns[i] & 0xff;
		out->insns[i] >>= 8;
	}
	out->n_insns = f->n;
	for (i = 0; i < f->n; i++)
		if (is_on_its_own(a, i))
			out->calls[out->n_calls++] = f->node[i].in.addr + f->node[i].in.size;
	return 0;
}

static struct flow_val size_value(unsigned int size_arg, unsigned int count_arg)
{
	int64_t a = insn__argument(size_arg), b = insn__argument(count_arg), low;

	if (!count_arg)
		return (struct flow_val){.kind = VAL_ENTRY, .n = a};
	low = a < b ? a : b;
	return (struct flow_val){.kind = VAL_PRODUCT, .n = (a < b ? b : a) << 4 | low};
}

static void clear_analysis(struct analysis *a)
{
	flow__clear(&a->flow);
	free(a->before);
	free(a->times);
	free(a->length);
	free(a->at);
	free(a->way);
	free(a->begin);
	free(a->passed);
}

int points__find(const struct elfimg *img, const struct points_query *q, struct points *out)
{
	struct analysis a = {.query = q, .size = size_value(q->size_arg, q->count_arg)};
	size_t n;
	int err;

	memset(out, 0, sizeof(*out));
	if (insn__argument(q->size_arg) == REG_NONE ||
	    (q->count_arg && insn__argument(q->count_arg) == REG_NONE))
		return -EINVAL;
	err = flow__follow(img, q->vaddr, &a.flow);
	if (err)
		goto cleanup;
	n = a.flow.n;
	a.before = calloc(n, sizeof(*a.before));
	a.times = calloc(n, sizeof(*a.times));
	a.length = calloc(n, sizeof(*a.length));
	a.at = calloc(n, sizeof(*a.at));
	a.way = calloc(n, sizeof(*a.way));
	a.begin = calloc(n, sizeof(*a.begin));
	a.passed = calloc(n, sizeof(*a.passed));
	err = -ENOMEM;
	if (!a.before || !a.times || !a.length || !a.at || !a.way || !a.begin || !a.passed)
		goto cleanup;
	points__find_results(&a);
	points__measure_ways(&a);
	err = points__weigh(&a);
	if (err)
		goto cleanup;
	find_candidates(&a);
	err = choose(&a, out);
	if (!err)
		err = list_code(&a, out);
cleanup:
	clear_analysis(&a);
	return err;
}

void points__clear(struct points *p)
{
	free(p->insns);
	free(p->insn_sizes);
	free(p->calls);
	memset(p, 0, sizeof(*p));
}

/* The instruction at addr, or where it would be. */
static size_t find_insn(const struct points *p, uint64_t addr)
{
	size_t low = 0, high = p->n_insns;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->insns[mid] < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool points__contains(const struct points *p, uint64_t vaddr)
{
	size_t i = find_insn(p, vaddr);

	return i < p->n_insns && p->insns[i] == vaddr;
}

bool points__holds(const struct elfimg *img, const struct points *p, uint64_t start, uint64_t end)
{
	struct decoder *d = decoder__new(img);
	bool all = d && points__contains(p, start);
	uint64_t addr = start;
	struct insn in;
	size_t i;

	while (all && addr < end) {
		i = find_insn(p, addr);
		if (i < p->n_insns && p->insns[i] == addr) {
			addr += p->insn_sizes[i];
		} else {
			all = insn__decode(d, addr, &in) &&
			      (in.op == INSN_NOP || in.op == INSN_STOP);
			addr += in.size;
		}
	}
	decoder__free(d);
	return all;
}
