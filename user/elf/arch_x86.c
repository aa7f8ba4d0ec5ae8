/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch_x86 - x86-64 (System V psABI 3.2.1 for the registers). */
#include <elf.h>
#include <string.h>

#include "elf/arch.h"

static void flow(csh capstone, const cs_insn *in, struct arch_flow *out)
{
	const cs_x86 *x = &in->detail->x86;

	*out = (struct arch_flow){.step = STEP_NEXT};
	if (cs_insn_group(capstone, in, CS_GRP_RET) || cs_insn_group(capstone, in, CS_GRP_IRET))
		out->step = STEP_RETURN;
	else if (cs_insn_group(capstone, in, CS_GRP_CALL))
		out->step = STEP_CALL;
	else if (cs_insn_group(capstone, in, CS_GRP_JUMP))
		out->step = in->id == X86_INS_JMP ? STEP_JUMP : STEP_BRANCH;
	else if (in->id == X86_INS_UD2 || in->id == X86_INS_HLT || in->id == X86_INS_INT3)
		out->step = STEP_STOP;
	else if (in->id == X86_INS_SYSCALL || cs_insn_group(capstone, in, CS_GRP_INT))
		out->step = STEP_BARRIER;
	out->direct = x->op_count == 1 && x->operands[0].type == X86_OP_IMM;
	if (out->direct)
		out->target = (uint64_t)x->operands[0].imm;
}

static bool keeps(csh capstone, const cs_insn *in, unsigned int args)
{
	static const struct {
		const char *name;
		unsigned int arg; /* 0: not one */
	} kept[] = {
		{"rsp", 0}, {"esp", 0}, {"sp", 0},  {"spl", 0}, {"rbp", 0}, {"ebp", 0},
		{"bp", 0},  {"bpl", 0}, {"rdi", 1}, {"edi", 1}, {"di", 1},  {"dil", 1},
		{"rsi", 2}, {"esi", 2}, {"si", 2},  {"sil", 2}, {"rdx", 3}, {"edx", 3},
		{"dx", 3},  {"dl", 3},	{"dh", 3},  {"rcx", 4}, {"ecx", 4}, {"cx", 4},
		{"cl", 4},  {"ch", 4},	{"r8", 5},  {"r8d", 5}, {"r8w", 5}, {"r8b", 5},
	};
	cs_regs read, written;
	uint8_t n_read, n_written;
	size_t i, k;

	if (cs_regs_access(capstone, in, read, &n_read, written, &n_written) != CS_ERR_OK)
		return false;
	for (i = 0; i < n_written; i++) {
		const char *name = cs_reg_name(capstone, written[i]);

		for (k = 0; name && k < sizeof(kept) / sizeof(kept[0]); k++)
			if (kept[k].arg <= args && !strcmp(name, kept[k].name))
				return false;
	}
	return true;
}

/*
 * arch/x86/kernel/uprobes.c: branch_setup_xol_ops, push_setup_xol_ops. Only forms without prefixes;
 * push of r8 to r15 has one, which it knows.
 */
static bool is_emulated(const cs_insn *in)
{
	const uint8_t *b = in->bytes;

	switch (b[0]) {
	case 0x50 ... 0x57: /* push r64 */
	case 0x70 ... 0x7f: /* jcc rel8 */
	case 0x90:	    /* nop */
	case 0xe8:	    /* call rel32 */
	case 0xe9:	    /* jmp rel32 */
	case 0xeb:	    /* jmp rel8 */
		return true;
	case 0x0f: /* jcc rel32 */
		return in->size == 6 && b[1] >= 0x80 && b[1] <= 0x8f;
	case 0x41: /* push r8 to r15 */
		return in->size == 2 && b[1] >= 0x50 && b[1] <= 0x57;
	}
	return false;
}

/* jmp *slot(%rip) */
static bool slot_jump(struct decoder *d, const cs_insn *in, uint64_t *slot)
{
	const cs_x86_op *op = &in->detail->x86.operands[0];

	(void)d;
	if (in->id != X86_INS_JMP || in->detail->x86.op_count != 1 || op->type != X86_OP_MEM ||
	    op->mem.base != X86_REG_RIP || op->mem.index != X86_REG_INVALID)
		return false;
	*slot = in->address + in->size + (uint64_t)op->mem.disp;
	return true;
}

static bool leads_stub(const cs_insn *in)
{
	return in->id == X86_INS_ENDBR64;
}

const struct arch arch_x86 = {
	.machine = EM_X86_64,
	.capstone = CS_ARCH_X86,
	.mode = CS_MODE_64,
	.max_insn_size = 15, /* Intel SDM vol. 2, 2.3.11 */
	.flow = flow,
	.keeps = keeps,
	.is_emulated = is_emulated,
	.slot_jump = slot_jump,
	.leads_stub = leads_stub,
};
