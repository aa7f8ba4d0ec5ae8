/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi_exec - call frame instructions (DWARF 5, 6.4.2) to rows.
 *
 * Only the CFA and the registers that a row depends on are followed; rules for others are read
 * over.
 */
#include <dwarf.h>
#include <errno.h>

#include "unwind/cfi_priv.h"

/* GNU extensions that <dwarf.h> does not have in all versions. */
enum {
	CFA_GNU_window_save = 0x2d,
	CFA_GNU_args_size = 0x2e,
	CFA_GNU_negative_offset_extended = 0x2f,
};

struct exec {
	const struct cfi_cie *cie;
	const struct cfi_section *section; /* NULL: a CIE, which has no locations */
	struct cursor c;
	struct cfi_state state;
	struct cfi_state remembered[CFI_MAX_REMEMBER];
	size_t n_remembered;
	/* where the state holds, and where rows are wanted */
	uint64_t loc, low, end;
	uint64_t base;
	struct cfi_rows *rows;
};

static int emit(const struct exec *x, uint64_t until, const struct unwind_row *what)
{
	struct unwind_row row = *what;
	uint64_t from = x->loc < x->low ? x->low : x->loc;

	if (from >= until)
		return 0;
	row.pc = (uint32_t)(from - x->base);
	return cfi_rows__put(x->rows, &row);
}

/* The state so far holds up to loc. Returns 0, 1 when loc ends the FDE, or an error. */
static int advance_to(struct exec *x, uint64_t loc)
{
	struct unwind_row row = {0};
	int err;

	if (!x->section || loc < x->loc)
		return -EBADMSG;
	if (loc > x->end)
		loc = x->end;
	if (loc == x->loc)
		return 0;
	cfi_arch__row(&x->state, x->cie->signal, &row);
	err = emit(x, loc, &row);
	x->loc = loc;
	if (err)
		return err;
	return loc == x->end;
}

static int advance(struct exec *x, uint64_t delta)
{
	uint64_t loc;

	if (__builtin_mul_overflow(delta, x->cie->code_align, &delta) ||
	    __builtin_add_overflow(x->loc, delta, &loc))
		return -EBADMSG;
	return advance_to(x, loc);
}

static int set_loc(struct exec *x)
{
	const struct cfi_section *s = x->section;
	uint64_t loc;

	if (!s)
		return -EBADMSG;
	if (!cfi_read_address(&x->c, x->cie->encoding, s->addr + (uint64_t)(x->c.p - s->data),
			      &loc))
		return -ENOTSUP;
	return x->c.bad ? -EBADMSG : advance_to(x, loc);
}

static void set_rule(struct exec *x, uint64_t reg, enum cfi_how how)
{
	enum cfi_reg r = cfi_arch__reg(reg);

	if (r != CFI_OTHER)
		x->state.regs[r] = (struct cfi_rule){.how = (uint8_t)how};
}

/* An offset in units that does not fit is not an error of the format: no row can have it. */
static void set_offset(struct exec *x, uint64_t reg, int64_t units)
{
	enum cfi_reg r = cfi_arch__reg(reg);
	struct cfi_rule rule = {.how = CFI_OFFSET};

	if (r == CFI_OTHER)
		return;
	if (__builtin_mul_overflow(units, x->cie->data_align, &rule.offset))
		rule = (struct cfi_rule){.how = CFI_ELSEWHERE};
	x->state.regs[r] = rule;
}

static void set_unsigned_offset(struct exec *x, uint64_t reg, uint64_t units)
{
	if (units > INT64_MAX)
		set_rule(x, reg, CFI_ELSEWHERE);
	else
		set_offset(x, reg, (int64_t)units);
}

/* In a CIE there is no initial rule yet. */
static void restore(struct exec *x, uint64_t reg)
{
	enum cfi_reg r = cfi_arch__reg(reg);

	if (r != CFI_OTHER)
		x->state.regs[r] = x->section ? x->cie->initial.regs[r] : (struct cfi_rule){0};
}

static void set_cfa(struct exec *x, enum cfi_reg reg, int64_t offset)
{
	x->state.cfa = (struct cfi_rule){.how = CFI_OFFSET, .reg = (uint8_t)reg, .offset = offset};
}

static void set_cfa_unsigned(struct exec *x, enum cfi_reg reg, uint64_t offset)
{
	set_cfa(x, reg, (int64_t)offset);
	if (offset > INT64_MAX)
		x->state.cfa.how = CFI_ELSEWHERE;
}

static void set_cfa_factored(struct exec *x, enum cfi_reg reg, int64_t units)
{
	int64_t offset;
	bool overflow = __builtin_mul_overflow(units, x->cie->data_align, &offset);

	set_cfa(x, reg, offset);
	if (overflow)
		x->state.cfa.how = CFI_ELSEWHERE;
}

/*
 * DW_CFA_def_cfa_register and _offset change one half of a rule that must be register and offset
 * before (DWARF 5, 6.4.2.2). Behind an expression, as hand-written assembly has them, they mean
 * what libgcc takes them for: the register ends the expression, the offset alone does not.
 */
static void set_cfa_register(struct exec *x, enum cfi_reg reg)
{
	struct cfi_rule *cfa = &x->state.cfa;

	cfa->reg = (uint8_t)reg;
	if (cfa->how == CFI_EXPRESSION)
		cfa->how = CFI_OFFSET;
}

static void keep_expression(struct exec *x, uint8_t how)
{
	if (how != CFI_OFFSET && how != CFI_ELSEWHERE)
		x->state.cfa.how = how;
}

static struct cfi_rule read_expression(struct exec *x)
{
	struct cfi_rule rule = {.how = CFI_EXPRESSION};
	uint64_t size = cursor__uleb(&x->c);

	rule.expr = cursor__take(&x->c, size);
	if (!rule.expr)
		return (struct cfi_rule){.how = CFI_ELSEWHERE};
	rule.expr_size = (uint32_t)size; /* at most CFI_MAX_SECTION */
	return rule;
}

static int remember(struct exec *x)
{
	if (x->n_remembered == CFI_MAX_REMEMBER)
		return -ENOTSUP;
	x->remembered[x->n_remembered++] = x->state;
	return 0;
}

/* Restores the CFA as well: what compilers expect and unwinders do. */
static int restore_state(struct exec *x)
{
	if (!x->n_remembered)
		return -EBADMSG;
	x->state = x->remembered[--x->n_remembered];
	return 0;
}

/* Instructions with operands of their own. */
static int step_extended(struct exec *x, uint8_t op)
{
	struct cursor *c = &x->c;
	const struct cfi_rule cfa = x->state.cfa;
	enum cfi_reg r;
	uint64_t reg;

	switch (op) {
	case DW_CFA_nop:
		return 0;
	case DW_CFA_set_loc:
		return set_loc(x);
	case DW_CFA_advance_loc1:
		return advance(x, cursor__u8(c));
	case DW_CFA_advance_loc2:
		return advance(x, cursor__u16(c));
	case DW_CFA_advance_loc4:
		return advance(x, cursor__u32(c));
	case DW_CFA_offset_extended:
		reg = cursor__uleb(c);
		set_unsigned_offset(x, reg, cursor__uleb(c));
		return 0;
	case DW_CFA_offset_extended_sf:
		reg = cursor__uleb(c);
		set_offset(x, reg, cursor__sleb(c));
		return 0;
	case CFA_GNU_negative_offset_extended:
		reg = cursor__uleb(c);
		cursor__uleb(c);
		set_rule(x, reg, CFI_ELSEWHERE);
		return 0;
	case DW_CFA_restore_extended:
		restore(x, cursor__uleb(c));
		return 0;
	case DW_CFA_undefined:
		set_rule(x, cursor__uleb(c), CFI_UNDEFINED);
		return 0;
	case DW_CFA_same_value:
		set_rule(x, cursor__uleb(c), CFI_SAME);
		return 0;
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		reg = cursor__uleb(c);
		cursor__uleb(c); /* signed or not: of the same size */
		set_rule(x, reg, CFI_ELSEWHERE);
		return 0;
	case DW_CFA_remember_state:
		return remember(x);
	case DW_CFA_restore_state:
		return restore_state(x);
	case DW_CFA_def_cfa:
		r = cfi_arch__reg(cursor__uleb(c));
		set_cfa_unsigned(x, r, cursor__uleb(c));
		return 0;
	case DW_CFA_def_cfa_sf:
		r = cfi_arch__reg(cursor__uleb(c));
		set_cfa_factored(x, r, cursor__sleb(c));
		return 0;
	case DW_CFA_def_cfa_register:
		set_cfa_register(x, cfi_arch__reg(cursor__uleb(c)));
		return 0;
	case DW_CFA_def_cfa_offset:
		set_cfa_unsigned(x, cfa.reg, cursor__uleb(c));
		keep_expression(x, cfa.how);
		return 0;
	case DW_CFA_def_cfa_offset_sf:
		set_cfa_factored(x, cfa.reg, cursor__sleb(c));
		keep_expression(x, cfa.how);
		return 0;
	case DW_CFA_def_cfa_expression:
		x->state.cfa_expr = read_expression(x);
		x->state.cfa.how = x->state.cfa_expr.how;
		return 0;
	case DW_CFA_expression:
		r = cfi_arch__reg(cursor__uleb(c));
		if (r != CFI_OTHER)
			x->state.regs[r] = read_expression(x);
		else
			read_expression(x);
		return 0;
	case DW_CFA_val_expression:
		reg = cursor__uleb(c);
		read_expression(x);
		set_rule(x, reg, CFI_ELSEWHERE);
		return 0;
	case CFA_GNU_args_size:
		cursor__uleb(c);
		return 0;
	case CFA_GNU_window_save: /* arm64: DW_CFA_AARCH64_negate_ra_state */
	default:
		return -ENOTSUP;
	}
}

/* Returns 0 at the end of the instructions, 1 at the end of the FDE, or an error. */
static int run(struct exec *x)
{
	int err = 0;

	while (!err && cursor__left(&x->c) > 0) {
		uint8_t op = cursor__u8(&x->c);

		switch (op & 0xc0) {
		case DW_CFA_advance_loc:
			err = advance(x, op & 0x3f);
			break;
		case DW_CFA_offset:
			set_unsigned_offset(x, op & 0x3f, cursor__uleb(&x->c));
			break;
		case DW_CFA_restore:
			restore(x, op & 0x3f);
			break;
		default:
			err = step_extended(x, op);
		}
		if (x->c.bad)
			err = -EBADMSG;
	}
	return err;
}

int cfi_exec__cie(struct cfi_cie *cie, struct cursor insns)
{
	struct exec x = {.cie = cie, .c = insns};
	int err = run(&x);

	if (!err)
		cie->initial = x.state;
	return err;
}

int cfi_exec__fde(const struct cfi_cie *cie, const struct cfi_fde *fde, const struct cfi_section *s,
		  uint64_t low, uint64_t base, struct cfi_rows *rows)
{
	const struct unwind_row unsupported = {.kind = UNWIND_UNSUPPORTED};
	struct exec x;
	int err, put;

	/* Not remembered[]: it is large, and never read before it is written. */
	x.cie = cie;
	x.section = s;
	x.c = (struct cursor){.p = fde->insns, .end = fde->insns + fde->n_insns};
	x.state = cie->initial;
	x.n_remembered = 0;
	x.loc = fde->start;
	x.low = low;
	x.end = fde->end;
	x.base = base;
	x.rows = rows;

	err = run(&x);
	if (!err)
		err = advance_to(&x, x.end);
	if (err == -ENOTSUP) {
		put = emit(&x, x.end, &unsupported);
		if (put)
			err = put;
	}
	return err > 0 ? 0 : err;
}
