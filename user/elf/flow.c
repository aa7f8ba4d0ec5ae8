/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/decoder.h"
#include "elf/elfimg.h"
#include "elf/flow_step.h"

#define MAX_NODES 4096
#define MAX_CALLEE_NODES 2048
#define MAX_STEPS 60000 /* of the function and all that it calls */
#define MAX_DEPTH 4	/* of calls that are followed */
#define N_MEMOS 512

/* Whether a function returns, given the constants in its first registers. */
struct memo {
	uint64_t vaddr;
	struct flow_val arg[3];
	bool returns;
};

struct engine {
	struct decoder *decoder;
	size_t steps;
	struct memo memo[N_MEMOS];
	size_t n_memos;
};

/* One function being followed. */
struct walk {
	struct engine *engine;
	struct flow *flow;
	size_t max_nodes;
	int depth;
	bool until_return; /* stop at the first return that is reached */
	bool returned;
	uint32_t *work, *calls; /* nodes to visit; calls come last */
	size_t n_work, n_calls, work_room, calls_room;
};

bool flow__depth(const struct flow_state *s, int64_t *offset)
{
	if (s->at[REG_RSP].kind != VAL_SP)
		return false;
	*offset = s->at[REG_RSP].n;
	return true;
}

uint16_t flow__slot(int64_t offset)
{
	if (offset >= 0 || offset % 8 || offset < -8 * FLOW_SLOTS)
		return LOC_NONE;
	return (uint16_t)(LOC_SLOT + (-offset / 8 - 1));
}

void flow__clear(struct flow *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->node[i].before);
	free(f->node);
	free(f->index);
	memset(f, 0, sizeof(*f));
}

/* The place in the hash table that holds the node at addr, or would. */
static size_t place(const struct flow *f, uint64_t addr)
{
	size_t at = (addr * 0x9E3779B97F4A7C15ULL) >> 40 & (f->index_size - 1);

	while (f->index[at] && f->node[f->index[at] - 1].in.addr != addr)
		at = (at + 1) & (f->index_size - 1);
	return at;
}

/* The node at addr, decoded now if it is new. Returns its index or negative errno. */
static int32_t get_node(struct walk *w, uint64_t addr)
{
	struct flow *f = w->flow;
	size_t at = place(f, addr), room;
	struct flow_node *nodes, *node;

	if (f->index[at])
		return (int32_t)f->index[at] - 1;
	if (f->n == w->max_nodes)
		return -ENOTSUP;
	if (f->n == f->room) {
		room = f->room ? 2 * f->room : 256;
		nodes = realloc(f->node, room * sizeof(*nodes));
		if (!nodes)
			return -ENOMEM;
		f->node = nodes;
		f->room = room;
	}
	node = &f->node[f->n];
	memset(node, 0, sizeof(*node));
	if (!insn__decode(w->engine->decoder, addr, &node->in))
		return -EINVAL;
	node->next[0] = node->next[1] = -1;
	node->zero_reg[0] = node->zero_reg[1] = REG_NONE;
	f->index[at] = ++f->n;
	return (int32_t)f->n - 1;
}

static int push(uint32_t **list, size_t *n, size_t *room, uint32_t value)
{
	uint32_t *grown;

	if (*n == *room) {
		grown = reallocarray(*list, *room ? 2 * *room : 64, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		*room = *room ? 2 * *room : 64;
	}
	(*list)[(*n)++] = value;
	return 0;
}

/* Go on at addr with that state. *index: the node there. */
static int go_to(struct walk *w, uint64_t addr, const struct flow_state *s, int32_t *index)
{
	struct flow_node *node;
	int32_t i = get_node(w, addr);

	if (i < 0)
		return i;
	if (index)
		*index = i;
	node = &w->flow->node[i];
	if (!node->before) {
		node->before = malloc(sizeof(*s));
		if (!node->before)
			return -ENOMEM;
		*node->before = *s;
	} else if (!flow_step__merge(node->before, s)) {
		return 0;
	}
	if (node->queued)
		return 0;
	node->queued = true;
	if (node->in.op == INSN_CALL)
		return push(&w->calls, &w->n_calls, &w->calls_room, i);
	return push(&w->work, &w->n_work, &w->work_room, i);
}

static int run(struct walk *w, uint64_t vaddr, const struct flow_state *start);

/* Does the function at vaddr return, called in state s? At the slightest doubt, yes. */
static bool returns(struct walk *caller, uint64_t vaddr, const struct flow_state *s)
{
	struct engine *e = caller->engine;
	struct flow flow = {0};
	struct walk w = {.engine = e,
			 .flow = &flow,
			 .max_nodes = MAX_CALLEE_NODES,
			 .depth = caller->depth + 1,
			 .until_return = true};
	struct memo memo = {.vaddr = vaddr, .returns = true};
	struct flow_state start;
	size_t i;
	int err;

	if (caller->depth >= MAX_DEPTH || e->n_memos == N_MEMOS)
		return true;
	flow_step__callee(&start, s);
	for (i = 0; i < 3; i++)
		memo.arg[i] = start.at[insn__argument(i + 1)];
	for (i = 0; i < e->n_memos; i++)
		if (e->memo[i].vaddr == vaddr &&
		    !memcmp(e->memo[i].arg, memo.arg, sizeof(memo.arg)))
			return e->memo[i].returns;
	i = e->n_memos++;
	e->memo[i] = memo; /* while it is looked at: a recursion returns */
	err = run(&w, vaddr, &start);
	e->memo[i].returns = err || w.returned;
	flow__clear(&flow);
	free(w.work);
	free(w.calls);
	return e->memo[i].returns;
}

/* A jump or call through the pointer at slot: the code it leads to; false: not of this image. */
static bool slot_target(const struct walk *w, uint64_t slot, uint64_t *target)
{
	return elfimg__slot_target(decoder__image(w->engine->decoder), slot, target);
}

/* How the function ends that jumps through the pointer at slot to code that is not followed. */
static enum flow_end end_at_slot(const struct walk *w, uint64_t slot)
{
	const char *name = elfimg__slot_symbol(decoder__image(w->engine->decoder), slot);

	if (name && decoder__is_noreturn(name))
		return FLOW_STOPS;
	return name && decoder__returns_argument(name) ? FLOW_RETURNS_ARG : FLOW_LEAVES;
}

/* Where control goes after the node. */
static int follow_on(struct walk *w, uint32_t i, struct flow_state *after)
{
	struct flow_node *node = &w->flow->node[i];
	const struct insn in = node->in;
	uint64_t next = in.addr + in.size, target = in.target;
	struct flow_state edge;
	int32_t to = -1;
	int err, k, only;

	node->end = FLOW_GOES_ON;
	switch (in.op) {
	case INSN_RETURN:
		node->end = FLOW_RETURNS;
		w->returned = true;
		return 0;
	case INSN_STOP:
		node->end = FLOW_STOPS;
		return 0;
	case INSN_CALL:
		if (in.direct && !returns(w, in.target, node->before)) {
			w->flow->node[i].end = FLOW_STOPS;
			return 0;
		}
		break;
	case INSN_JUMP:
		if (in.has_slot && !slot_target(w, in.target, &target)) {
			node->end = end_at_slot(w, in.target);
			w->returned |= node->end != FLOW_STOPS;
			return 0;
		}
		if (!in.direct && !in.has_slot)
			return -ENOTSUP;
		err = go_to(w, target, after, &to);
		w->flow->node[i].next[0] = to;
		return err;
	case INSN_BRANCH:
		only = flow_step__branch(after, in.cc);
		for (k = 0; k < 2; k++) {
			if (only >= 0 && only != k)
				continue;
			edge = *after;
			w->flow->node[i].zero_reg[k] = flow_step__take(&edge, in.cc, k);
			err = go_to(w, k ? in.target : next, &edge, &to);
			if (err)
				return err;
			w->flow->node[i].next[k] = to;
		}
		return 0;
	}
	err = go_to(w, next, after, &to);
	w->flow->node[i].next[0] = to;
	return err;
}

static int run(struct walk *w, uint64_t vaddr, const struct flow_state *start)
{
	struct flow *f = w->flow;
	struct flow_state after;
	struct flow_node *node;
	uint32_t i;
	int err;

	for (f->index_size = 1; f->index_size < 2 * w->max_nodes;)
		f->index_size *= 2;
	f->index = calloc(f->index_size, sizeof(*f->index));
	if (!f->index)
		return -ENOMEM;
	err = go_to(w, vaddr, start, NULL);
	while (!err && (w->n_work || w->n_calls)) {
		if (w->until_return && w->returned)
			return 0;
		i = w->n_work ? w->work[--w->n_work] : w->calls[--w->n_calls];
		if (++w->engine->steps > MAX_STEPS)
			return -ENOTSUP;
		node = &f->node[i];
		node->queued = false;
		after = *node->before;
		flow_step__effect(&node->in, node->before, &node->effect);
		flow_step__apply(&node->in, &node->effect, &after);
		err = follow_on(w, i, &after);
	}
	return err;
}

int flow__follow(const struct elfimg *img, uint64_t vaddr, struct flow *out)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct walk w = {.engine = e, .flow = out, .max_nodes = MAX_NODES};
	struct flow_state start;
	int err = -ENOTSUP;

	memset(out, 0, sizeof(*out));
	if (!e)
		return -ENOMEM;
	if (elfimg__machine(img) == EM_X86_64) /* whose instructions insn knows */
		e->decoder = decoder__new(img);
	if (e->decoder) {
		flow_step__entry(&start);
		err = run(&w, vaddr, &start);
	}
	free(w.work);
	free(w.calls);
	decoder__free(e->decoder);
	free(e);
	return err;
}
