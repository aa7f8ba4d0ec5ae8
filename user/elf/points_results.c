/* SPDX-License-Identifier: GPL-2.0-or-later */
/* points_results - backwards from the returns: which registers and slots hold what is returned. */
#include <string.h>

#include "elf/points_priv.h"

_Static_assert(FLOW_SLOTS <= 128, "slots fit into struct results");

static const struct results everything = {ALL_REGS, true, {UINT64_MAX, UINT64_MAX}};

static struct results both(const struct results *a, const struct results *b)
{
	return (struct results){a->regs & b->regs,
				a->zero && b->zero,
				{a->slots[0] & b->slots[0], a->slots[1] & b->slots[1]}};
}

static bool has(const struct results *r, uint16_t loc)
{
	if (loc < LOC_SLOT)
		return r->regs >> loc & 1;
	return loc < N_LOCS && r->slots[(loc - LOC_SLOT) / 64] >> (loc - LOC_SLOT) % 64 & 1;
}

static void set(struct results *r, uint16_t loc, bool on)
{
	uint64_t slot = loc >= LOC_SLOT ? 1ULL << (loc - LOC_SLOT) % 64 : 0;
	size_t word = loc >= LOC_SLOT ? (loc - LOC_SLOT) / 64 : 0;

	if (loc < LOC_SLOT)
		r->regs = on ? r->regs | 1U << loc : r->regs & ~(1U << loc);
	else if (loc < N_LOCS)
		r->slots[word] = on ? r->slots[word] | slot : r->slots[word] & ~slot;
}

struct results points__on_way(const struct analysis *a, const struct flow_node *node, int k)
{
	struct results r = a->before[node->next[k]];
	uint8_t zero = node->zero_reg[k];

	/* a register that is 0 on this way is as good as the constant, and the other way round */
	if (zero != REG_NONE && !is_dead(&r)) {
		if (has(&r, zero))
			r.zero = true;
		else if (r.zero)
			set(&r, zero, true);
	}
	return r;
}

static struct results after(const struct analysis *a, const struct flow_node *node)
{
	struct results r = everything, way;
	int k;

	for (k = 0; k < 2; k++) {
		if (node->next[k] < 0)
			continue;
		way = points__on_way(a, node, k);
		r = both(&r, &way);
	}
	return r;
}

static bool is_zero(struct flow_val v)
{
	return v.kind == VAL_CONST && !v.n;
}

/* What is known to be 0 is the result if that is NULL, and the other way round. */
static void add_zeros(const struct flow_state *s, struct results *r)
{
	uint16_t loc;

	for (loc = 0; loc < N_LOCS; loc++)
		if (has(r, loc) && is_zero(s->at[loc]))
			r->zero = true;
	for (loc = 0; r->zero && loc < N_LOCS; loc++)
		if (is_zero(s->at[loc]))
			set(r, loc, true);
}

static struct results before(const struct analysis *a, const struct flow_node *node)
{
	const struct flow_effect *e = &node->effect;
	struct results r = {0};
	bool moved;

	if (node->end == FLOW_STOPS)
		return everything;
	if (node->end == FLOW_LEAVES)
		return r;
	if (flow__returns(node)) {
		set(&r, node->end == FLOW_RETURNS ? REG_RAX : REG_RDI, true);
		add_zeros(node->before, &r);
		return r;
	}
	r = after(a, node);
	if (is_dead(&r))
		return r;
	moved = has(&r, e->dst);
	r.regs &= ~e->kill_regs;
	r.slots[0] &= ~e->kill_slots[0];
	r.slots[1] &= ~e->kill_slots[1];
	set(&r, e->dst, false);
	if (moved && e->src != LOC_NONE)
		set(&r, e->src, true);
	if (moved && is_zero(e->value))
		r.zero = true;
	add_zeros(node->before, &r);
	return r;
}

void points__find_results(struct analysis *a)
{
	bool changed = true;
	size_t i;

	for (i = 0; i < a->flow.n; i++)
		a->before[i] = everything;
	while (changed) {
		changed = false;
		for (i = a->flow.n; i-- > 0;) {
			struct results r = before(a, &a->flow.node[i]);

			if (!a->flow.node[i].before || !memcmp(&r, &a->before[i], sizeof(r)))
				continue;
			a->before[i] = r;
			changed = true;
		}
	}
}
