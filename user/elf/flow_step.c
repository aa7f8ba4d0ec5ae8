/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/flow_step.h"

#include <string.h>

#define EFLAGS_CF 0x0001 /* Intel SDM vol. 1, 3.4.3 */
#define EFLAGS_ZF 0x0040
#define EFLAGS_SF 0x0080
#define EFLAGS_OF 0x0800

#define NO_ESCAPE INT64_MAX

static struct flow_val unknown(void)
{
	return (struct flow_val){.kind = VAL_UNKNOWN};
}

static struct flow_val value(enum flow_kind kind, int64_t n)
{
	struct flow_val v = {.kind = kind, .n = n};

	return v.n == n ? v : unknown(); /* more than 60 bits */
}

static bool same(struct flow_val a, struct flow_val b)
{
	return a.kind == b.kind && (a.kind == VAL_UNKNOWN || a.n == b.n);
}

static bool is_const(struct flow_val v)
{
	return v.kind == VAL_CONST;
}

void flow_step__entry(struct flow_state *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < N_REGS; i++)
		s->at[i] = value(VAL_ENTRY, i);
	s->at[REG_RSP] = value(VAL_SP, 0);
	s->escape = NO_ESCAPE;
}

void flow_step__callee(struct flow_state *s, const struct flow_state *caller)
{
	enum insn_reg reg;
	unsigned int i;

	flow_step__entry(s);
	for (i = 1; i <= 6; i++) {
		reg = insn__argument(i);
		if (is_const(caller->at[reg]))
			s->at[reg] = caller->at[reg];
	}
}

bool flow_step__merge(struct flow_state *s, const struct flow_state *other)
{
	bool changed = false;
	size_t i;

	for (i = 0; i < N_LOCS; i++) {
		if (same(s->at[i], other->at[i]))
			continue;
		changed |= s->at[i].kind != VAL_UNKNOWN;
		s->at[i] = unknown();
	}
	for (i = 0; i < sizeof(s->pushed) / sizeof(s->pushed[0]); i++) {
		changed |= (s->pushed[i] & ~other->pushed[i]) != 0;
		s->pushed[i] &= other->pushed[i];
	}
	if (other->escape < s->escape) {
		s->escape = other->escape;
		changed = true;
	}
	if (s->flags != FLAGS_UNKNOWN &&
	    (s->flags != other->flags || s->flag_reg != other->flag_reg ||
	     s->eflags != other->eflags)) {
		s->flags = FLAGS_UNKNOWN;
		changed = true;
	}
	return changed;
}

/* --- memory --- */

/* The offset from the entry's rsp that mem is at. False: not known to be on the stack. */
static bool stack_offset(const struct flow_state *s, const struct insn_mem *m, int64_t *offset)
{
	if (m->other_space || m->base == REG_NONE || m->index != REG_NONE ||
	    s->at[m->base].kind != VAL_SP)
		return false;
	*offset = s->at[m->base].n + m->disp;
	return true;
}

static bool is_stack_index(const struct flow_state *s, const struct insn_mem *m)
{
	return !m->other_space && ((m->base != REG_NONE && s->at[m->base].kind == VAL_SP) ||
				   (m->index != REG_NONE && s->at[m->index].kind == VAL_SP));
}

static void kill_slot(struct flow_effect *e, size_t n)
{
	e->kill_slots[n / 64] |= 1ULL << n % 64;
}

static bool is_pushed(const struct flow_state *s, size_t n)
{
	return s->pushed[n / 64] >> n % 64 & 1;
}

/* Slots that overlap [from, to), offsets from the entry's rsp. */
static void kill_range(struct flow_effect *e, int64_t from, int64_t to)
{
	size_t n;

	for (n = 0; n < FLOW_SLOTS; n++) {
		int64_t at = -8 * ((int64_t)n + 1);

		if (at < to && at + 8 > from)
			kill_slot(e, n);
	}
}

/* What others may write to who know addresses of the frame from escape on. Saved registers are not
 * among it: everything that unwinds relies on that. */
static void kill_escaped(struct flow_effect *e, const struct flow_state *s, int64_t escape)
{
	size_t n;

	for (n = 0; n < FLOW_SLOTS; n++)
		if (-8 * ((int64_t)n + 1) >= escape && !is_pushed(s, n))
			kill_slot(e, n);
}

static void kill_store(struct flow_effect *e, const struct flow_state *s, const struct insn_mem *m,
		       uint16_t size)
{
	int64_t offset;

	if (stack_offset(s, m, &offset))
		kill_range(e, offset, offset + size);
	else if (is_stack_index(s, m))
		kill_escaped(e, s, INT64_MIN);
	else
		kill_escaped(e, s, s->escape);
}

/* A word is stored to the stack at offset. */
static void store_word(struct flow_effect *e, const struct flow_state *s, int64_t offset,
		       uint8_t src)
{
	kill_range(e, offset, offset + 8);
	e->dst = flow__slot(offset);
	if (e->dst == LOC_NONE)
		return;
	e->value = src == REG_NONE ? unknown() : s->at[src];
	if (src != REG_NONE && src != REG_RSP)
		e->src = src;
}

/* --- effects --- */

static void set_value(struct flow_effect *e, uint8_t dst, struct flow_val v)
{
	if (dst >= N_REGS)
		return;
	e->dst = dst;
	e->value = v;
}

/* The bits of so many bytes. */
static uint64_t mask_of(uint8_t width)
{
	return width < 8 ? (1ULL << 8 * width) - 1 : UINT64_MAX;
}

static struct flow_val product(struct flow_val a, struct flow_val b)
{
	if (a.kind != VAL_ENTRY || b.kind != VAL_ENTRY)
		return unknown();
	return a.n < b.n ? value(VAL_PRODUCT, b.n << 4 | a.n) : value(VAL_PRODUCT, a.n << 4 | b.n);
}

static struct flow_val add(struct flow_val v, int64_t n, uint8_t width)
{
	if (is_const(v))
		return value(VAL_CONST, (int64_t)((uint64_t)(v.n + n) & mask_of(width)));
	if (v.kind == VAL_SP && width == 8)
		return value(VAL_SP, v.n + n);
	return unknown();
}

static struct flow_val address(const struct flow_state *s, const struct insn_mem *m)
{
	if (m->other_space || m->base == REG_NONE || m->index != REG_NONE)
		return unknown();
	if (!m->disp)
		return s->at[m->base];
	return add(s->at[m->base], m->disp, 8);
}

static void effect_of_move(const struct insn *in, const struct flow_state *s, struct flow_effect *e)
{
	struct flow_val v = s->at[in->src];

	if (in->op == INSN_MOVE && in->width == 8) {
		e->dst = in->dst;
		e->src = in->src;
		e->value = v;
	} else { /* the rest is cleared */
		set_value(e, in->dst,
			  is_const(v) ? value(VAL_CONST, v.n & mask_of(in->width)) : unknown());
	}
}

static void effect_of_pop(const struct flow_state *s, uint8_t dst, int64_t offset,
			  struct flow_effect *e)
{
	uint16_t slot = flow__slot(offset);

	e->rsp = value(VAL_SP, offset + 8);
	e->dst = dst;
	e->src = slot;
	e->value = slot == LOC_NONE ? unknown() : s->at[slot];
	if (dst == REG_RSP)
		e->rsp = e->value;
}

void flow_step__effect(const struct insn *in, const struct flow_state *s, struct flow_effect *e)
{
	const struct flow_val rsp = s->at[REG_RSP];
	int64_t offset;

	memset(e, 0, sizeof(*e));
	e->dst = e->src = LOC_NONE;
	e->rsp = in->writes & 1 << REG_RSP ? unknown() : rsp;
	e->kill_regs = in->writes;
	switch (in->op) {
	case INSN_MOVE:
	case INSN_EXTEND:
		effect_of_move(in, s, e);
		break;
	case INSN_CONST:
		set_value(e, in->dst, value(VAL_CONST, in->imm));
		break;
	case INSN_LOAD:
		set_value(e, in->dst, unknown());
		if (stack_offset(s, &in->mem, &offset) && flow__slot(offset) != LOC_NONE) {
			e->src = flow__slot(offset);
			e->value = s->at[e->src];
		}
		break;
	case INSN_STORE:
		kill_store(e, s, &in->mem, 8);
		if (stack_offset(s, &in->mem, &offset))
			store_word(e, s, offset, in->src);
		break;
	case INSN_LEA:
		set_value(e, in->dst, address(s, &in->mem));
		break;
	case INSN_ADD:
		set_value(e, in->dst, add(s->at[in->dst], in->imm, in->width));
		break;
	case INSN_AND:
		set_value(e, in->dst,
			  is_const(s->at[in->dst])
				  ? value(VAL_CONST,
					  s->at[in->dst].n & in->imm & (int64_t)mask_of(in->width))
				  : unknown());
		break;
	case INSN_MUL:
		set_value(e, REG_RAX, product(s->at[REG_RAX], s->at[in->src]));
		break;
	case INSN_IMUL:
		set_value(e, in->dst, product(s->at[in->dst], s->at[in->src]));
		break;
	case INSN_PUSH:
		if (rsp.kind == VAL_SP) {
			e->rsp = value(VAL_SP, rsp.n - 8);
			store_word(e, s, rsp.n - 8, in->src);
		} else {
			kill_escaped(e, s, INT64_MIN);
		}
		break;
	case INSN_POP:
		set_value(e, in->dst, unknown());
		if (rsp.kind == VAL_SP)
			effect_of_pop(s, in->dst, rsp.n, e);
		break;
	case INSN_LEAVE:
		set_value(e, REG_RBP, unknown());
		if (s->at[REG_RBP].kind == VAL_SP)
			effect_of_pop(s, REG_RBP, s->at[REG_RBP].n, e);
		break;
	case INSN_CALL:
		e->kill_regs |= CALLER_SAVED;
		e->rsp = rsp;
		kill_escaped(e, s, s->escape);
		if (rsp.kind == VAL_SP)
			kill_range(e, INT32_MIN, rsp.n);
		else
			kill_escaped(e, s, INT64_MIN);
		break;
	default:
		if (in->writes_mem)
			kill_store(e, s, &in->mem, in->mem.size ? in->mem.size : 64);
	}
	if (e->dst == REG_RSP)
		e->rsp = e->value;
}

/* Addresses of the frame that get where they are not followed. */
static int64_t escaping(const struct insn *in, const struct flow_effect *e,
			const struct flow_state *s)
{
	bool to_frame = e->dst == REG_RSP || e->dst == REG_RBP || e->dst >= LOC_SLOT;
	unsigned int i;

	if (e->dst < N_REGS && !to_frame && e->value.kind == VAL_SP)
		return e->value.n;
	if (in->op == INSN_LEA && e->value.kind != VAL_SP && is_stack_index(s, &in->mem))
		return INT64_MIN;
	if (in->op == INSN_STORE && s->at[in->src].kind == VAL_SP)
		return s->at[in->src].n;
	if (in->op == INSN_OTHER)
		for (i = 0; i < N_REGS; i++)
			if (in->reads >> i & 1 && s->at[i].kind == VAL_SP)
				return INT64_MIN;
	return NO_ESCAPE;
}

static uint16_t flags_of(int64_t result, uint8_t width)
{
	uint64_t r = (uint64_t)result & mask_of(width);
	uint16_t flags = r ? 0 : EFLAGS_ZF;

	if (r >> (8 * width - 1) & 1)
		flags |= EFLAGS_SF;
	return flags;
}

/* dst - imm, or dst & imm. */
static uint16_t compare(const struct insn *in, struct flow_val v)
{
	uint64_t mask = mask_of(in->width), a = v.n & mask, b = in->imm & mask;
	uint64_t sign = mask ^ mask >> 1, r = (in->is_test ? a & b : a - b) & mask;
	uint16_t flags = flags_of((int64_t)r, in->width);

	if (in->is_test)
		return flags;
	if (a < b)
		flags |= EFLAGS_CF;
	if ((a ^ b) & (a ^ r) & sign)
		flags |= EFLAGS_OF;
	return flags;
}

static void apply_flags(const struct insn *in, struct flow_state *s)
{
	struct flow_val v = in->dst < N_REGS ? s->at[in->dst] : unknown();

	if (in->op == INSN_CALL || in->sets_flags)
		s->flags = FLAGS_UNKNOWN;
	if (in->op == INSN_TEST || in->op == INSN_COMPARE) {
		if (is_const(v)) {
			s->flags = FLAGS_CONST;
			s->eflags = in->op == INSN_TEST ? flags_of(v.n, in->width) : compare(in, v);
		} else if (in->width == 8 && (in->op == INSN_TEST || (!in->is_test && !in->imm))) {
			s->flags = FLAGS_OF_REG;
			s->flag_reg = in->dst;
		}
	}
}

void flow_step__apply(const struct insn *in, const struct flow_effect *e, struct flow_state *s)
{
	int64_t escape = escaping(in, e, s);
	size_t i;

	apply_flags(in, s);
	for (i = 0; i < N_REGS; i++)
		if (e->kill_regs >> i & 1)
			s->at[i] = unknown();
	for (i = 0; i < FLOW_SLOTS; i++)
		if (e->kill_slots[i / 64] >> i % 64 & 1) {
			s->at[LOC_SLOT + i] = unknown();
			s->pushed[i / 64] &= ~(1ULL << i % 64);
		}
	if (e->dst != LOC_NONE)
		s->at[e->dst] = e->value;
	s->at[REG_RSP] = e->rsp;
	if (in->op == INSN_PUSH && e->dst != LOC_NONE) {
		i = e->dst - LOC_SLOT;
		s->pushed[i / 64] |= 1ULL << i % 64;
	}
	if (s->flags == FLAGS_OF_REG && (in->writes >> s->flag_reg & 1))
		s->flags = FLAGS_UNKNOWN;
	if (escape < s->escape)
		s->escape = escape;
}

int flow_step__branch(const struct flow_state *s, uint8_t cc)
{
	bool cf = s->eflags & EFLAGS_CF, zf = s->eflags & EFLAGS_ZF;
	bool sf = s->eflags & EFLAGS_SF, of = s->eflags & EFLAGS_OF;
	bool holds;

	if (s->flags != FLAGS_CONST || cc == CC_NONE)
		return -1;
	switch (cc >> 1) { /* SDM vol. 2, B.1.4.7 */
	case 0:
		holds = of;
		break;
	case 1:
		holds = cf;
		break;
	case 2:
		holds = zf;
		break;
	case 3:
		holds = cf || zf;
		break;
	case 4:
		holds = sf;
		break;
	case 6:
		holds = sf != of;
		break;
	case 7:
		holds = zf || sf != of;
		break;
	default: /* parity */
		return -1;
	}
	return holds != (cc & 1);
}

uint8_t flow_step__take(struct flow_state *s, uint8_t cc, bool taken)
{
	if (s->flags != FLAGS_OF_REG || (cc != CC_E && cc != CC_NE) || (cc == CC_E) != taken)
		return REG_NONE;
	s->at[s->flag_reg] = value(VAL_CONST, 0);
	return s->flag_reg;
}
