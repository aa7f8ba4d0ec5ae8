/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi_arch - the part of cfi that knows the architecture: registers, and which states are rows.
 *
 * x86-64: System V psABI, 3.6.2 (DWARF register numbers).
 */
#include <dwarf.h>

#include "unwind/cfi_priv.h"

#if defined(__x86_64__)

enum {
	DWARF_RBP = 6,
	DWARF_RSP = 7,
	DWARF_RA = 16,
};

bool cfi_arch__supported(void)
{
	return true;
}

uint64_t cfi_arch__ra(void)
{
	return DWARF_RA;
}

enum cfi_reg cfi_arch__reg(uint64_t dwarf_reg)
{
	switch (dwarf_reg) {
	case DWARF_RBP:
		return CFI_FP;
	case DWARF_RSP:
		return CFI_SP;
	case DWARF_RA:
		return CFI_RA;
	default:
		return CFI_OTHER;
	}
}

static bool is_expr(const struct cfi_rule *rule, const uint8_t *bytes, size_t size)
{
	return rule->how == CFI_EXPRESSION && rule->expr_size == size &&
	       !memcmp(rule->expr, bytes, size);
}

/* What the walk does with a signal frame is valid for the kernel's only, as C libraries describe
 * it. */
static bool is_kernel_sigframe(const struct cfi_state *s)
{
	/* struct rt_sigframe without pretcode: rbp, rsp and rip in uc.uc_mcontext */
	static const uint8_t rsp[] = {DW_OP_breg7, 0xa0, 0x01, DW_OP_deref}; /* [rsp + 160] */
	static const uint8_t rbp[] = {DW_OP_breg7, 0xf8, 0x00};		     /* rsp + 120 */
	static const uint8_t rip[] = {DW_OP_breg7, 0xa8, 0x01};		     /* rsp + 168 */

	return s->cfa.how == CFI_EXPRESSION && is_expr(&s->cfa_expr, rsp, sizeof(rsp)) &&
	       is_expr(&s->regs[CFI_FP], rbp, sizeof(rbp)) &&
	       is_expr(&s->regs[CFI_RA], rip, sizeof(rip));
}

/*
 * GNU ld's description of .plt: CFA = rsp + 8 + ((rip & 15) >= N) * 8, where N depends on the kind
 * of stub (binutils, bfd/elf64-x86-64.c, elf_x86_64_eh_frame_lazy_plt and its kin).
 */
static bool is_plt(const struct cfi_rule *expr, uint16_t *threshold)
{
	static const uint8_t head[] = {DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and};
	static const uint8_t tail[] = {DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus};
	const uint8_t *p = expr->expr;

	if (expr->expr_size != sizeof(head) + 1 + sizeof(tail) ||
	    memcmp(p, head, sizeof(head)) != 0 ||
	    memcmp(p + sizeof(head) + 1, tail, sizeof(tail)) != 0 || p[sizeof(head)] < DW_OP_lit0 ||
	    p[sizeof(head)] > DW_OP_lit15)
		return false;
	*threshold = (uint16_t)(p[sizeof(head)] - DW_OP_lit0);
	return true;
}

/* -offset / 8 for 8, 16, ... max * 8 below the CFA. */
static bool to_slot(int64_t offset, int64_t max, uint8_t *slot)
{
	if (offset >= 0 || offset % 8 || offset / 8 < -max)
		return false;
	*slot = (uint8_t)(-(offset / 8));
	return true;
}

/*
 * gcc's frames with a realigned stack (DRAP, gcc/config/i386/i386.cc): "breg6 -8n; deref", rbp
 * saved at "breg6 0".
 */
static bool is_realigned(const struct cfi_state *s, uint16_t *words)
{
	static const uint8_t at_rbp[] = {DW_OP_breg6, 0};
	const struct cfi_rule *expr = &s->cfa_expr;
	struct cursor c;
	uint8_t slot;

	if (!is_expr(&s->regs[CFI_FP], at_rbp, sizeof(at_rbp)))
		return false;
	c = (struct cursor){.p = expr->expr, .end = expr->expr + expr->expr_size};
	if (cursor__u8(&c) != DW_OP_breg6 || !to_slot(cursor__sleb(&c), UINT8_MAX, &slot) ||
	    cursor__u8(&c) != DW_OP_deref || c.bad || cursor__left(&c))
		return false;
	*words = slot;
	return true;
}

/* The slot of rbp, 0 when it is still in rbp. */
static bool find_fp(const struct cfi_rule *fp, uint8_t max, uint8_t *slot)
{
	switch (fp->how) {
	case CFI_UNSPECIFIED: /* callee-saved, and not touched */
	case CFI_SAME:
		*slot = 0;
		return true;
	case CFI_OFFSET:
		return to_slot(fp->offset, max, slot);
	default:
		return false;
	}
}

/* CFA = register + offset. */
static bool find_cfa(const struct cfi_state *s, struct unwind_row *row)
{
	const struct cfi_rule *cfa = &s->cfa, *fp = &s->regs[CFI_FP];
	int64_t words = cfa->offset / 8;
	uint8_t slot;

	if (cfa->offset < 0 || cfa->offset % 8 || cfa->reg == CFI_OTHER || cfa->reg == CFI_RA)
		return false;
	row->cfa = (uint16_t)words;
	if (words <= UINT16_MAX) {
		row->kind = cfa->reg == CFI_SP ? UNWIND_SP : UNWIND_FP;
		return find_fp(fp, UINT8_MAX, &row->save);
	}
	if (cfa->reg != CFI_SP || words >> 16 > 15 || !find_fp(fp, 15, &slot))
		return false;
	row->kind = UNWIND_SP_FAR;
	row->save = (uint8_t)(words >> 16 << 4 | slot);
	return true;
}

static bool find_frame(const struct cfi_state *s, struct unwind_row *row)
{
	if (s->regs[CFI_RA].how != CFI_OFFSET || s->regs[CFI_RA].offset != -8 ||
	    s->regs[CFI_SP].how != CFI_UNSPECIFIED)
		return false;
	if (s->cfa.how == CFI_OFFSET)
		return find_cfa(s, row);
	if (s->cfa.how != CFI_EXPRESSION)
		return false;
	if (is_realigned(s, &row->cfa)) {
		row->kind = UNWIND_FP_DEREF;
		return true;
	}
	if (is_plt(&s->cfa_expr, &row->cfa) && find_fp(&s->regs[CFI_FP], 0, &row->save)) {
		row->kind = UNWIND_PLT;
		return true;
	}
	return false;
}

void cfi_arch__row(const struct cfi_state *s, bool signal, struct unwind_row *row)
{
	*row = (struct unwind_row){.kind = UNWIND_UNSUPPORTED};
	if (signal) {
		if (is_kernel_sigframe(s))
			row->kind = UNWIND_SIGNAL;
	} else if (s->regs[CFI_RA].how == CFI_UNDEFINED) {
		row->kind = UNWIND_BOTTOM;
	} else if (!find_frame(s, row)) {
		*row = (struct unwind_row){.kind = UNWIND_UNSUPPORTED};
	}
}

const uint8_t *cfi_arch__sigreturn(size_t *size)
{
	/* mov $15, %rax (__NR_rt_sigreturn); syscall */
	static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};

	*size = sizeof(code);
	return code;
}

#else /* the walk in BPF knows x86-64 only; here is where another architecture is added */

bool cfi_arch__supported(void)
{
	return false;
}

uint64_t cfi_arch__ra(void)
{
	return UINT64_MAX;
}

enum cfi_reg cfi_arch__reg(uint64_t dwarf_reg)
{
	(void)dwarf_reg;
	return CFI_OTHER;
}

void cfi_arch__row(const struct cfi_state *s, bool signal, struct unwind_row *row)
{
	(void)s;
	(void)signal;
	*row = (struct unwind_row){.kind = UNWIND_UNSUPPORTED};
}

const uint8_t *cfi_arch__sigreturn(size_t *size)
{
	*size = 0;
	return NULL;
}

#endif
