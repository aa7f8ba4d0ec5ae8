/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/insn.h"

#include <string.h>

#include "elf/decoder.h"

/* The 16 general registers by capstone's names for their parts, widest first. */
static const x86_reg parts[N_REGS][5] = {
	[REG_RAX] = {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH},
	[REG_RCX] = {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
	[REG_RDX] = {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
	[REG_RBX] = {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH},
	[REG_RSP] = {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL},
	[REG_RBP] = {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL},
	[REG_RSI] = {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
	[REG_RDI] = {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
	[REG_R8] = {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
	[REG_R9] = {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
	[REG_R10] = {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B},
	[REG_R11] = {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B},
	[REG_R12] = {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B},
	[REG_R13] = {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B},
	[REG_R14] = {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B},
	[REG_R15] = {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B},
};

static uint8_t reg_number(unsigned int reg)
{
	uint8_t i;
	size_t k;

	for (i = 0; i < N_REGS && reg != X86_REG_INVALID; i++)
		for (k = 0; k < 5; k++)
			if (parts[i][k] == reg)
				return i;
	return REG_NONE;
}

enum insn_reg insn__argument(unsigned int n)
{
	static const uint8_t regs[] = {REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8, REG_R9};

	return n >= 1 && n <= sizeof(regs) ? (enum insn_reg)regs[n - 1] : REG_NONE;
}

/* Registers that instructions write without naming them, beside what capstone knows. */
static uint16_t implicit_writes(unsigned int id)
{
	switch (id) {
	case X86_INS_CMPXCHG:
	case X86_INS_CBW:
	case X86_INS_CWDE:
	case X86_INS_CDQE:
		return 1 << REG_RAX;
	case X86_INS_CMPXCHG8B:
	case X86_INS_CMPXCHG16B:
	case X86_INS_MUL:
	case X86_INS_DIV:
	case X86_INS_IDIV:
	case X86_INS_RDTSC:
	case X86_INS_XGETBV:
	case X86_INS_CWD:
	case X86_INS_CDQ:
	case X86_INS_CQO:
		return 1 << REG_RAX | 1 << REG_RDX;
	case X86_INS_RDTSCP:
		return 1 << REG_RAX | 1 << REG_RCX | 1 << REG_RDX;
	case X86_INS_CPUID:
		return 1 << REG_RAX | 1 << REG_RBX | 1 << REG_RCX | 1 << REG_RDX;
	case X86_INS_SYSCALL:
		return 1 << REG_RAX | 1 << REG_RCX | 1 << REG_R11;
	case X86_INS_STOSB:
	case X86_INS_STOSW:
	case X86_INS_STOSD:
	case X86_INS_STOSQ:
	case X86_INS_MOVSB:
	case X86_INS_MOVSW:
	case X86_INS_MOVSD: /* an SSE move has the same number: it writes too much, which is safe */
	case X86_INS_MOVSQ:
	case X86_INS_SCASB:
	case X86_INS_CMPSB:
	case X86_INS_LODSB:
	case X86_INS_LODSQ:
		return 1 << REG_RAX | 1 << REG_RCX | 1 << REG_RSI | 1 << REG_RDI;
	}
	return 0;
}

static void set_mem(struct insn *i, const cs_insn *in, const cs_x86_op *op)
{
	const x86_op_mem *m = &op->mem;

	i->mem.base = reg_number(m->base);
	i->mem.index = reg_number(m->index);
	i->mem.disp = m->disp;
	i->mem.size = op->size;
	i->mem.other_space = (m->segment == X86_REG_FS || m->segment == X86_REG_GS) ||
			     m->base == X86_REG_RIP ||
			     (m->base == X86_REG_INVALID && m->index == X86_REG_INVALID);
	if (m->base == X86_REG_RIP)
		i->mem.disp += (int64_t)(in->address + in->size);
}

/* What is true of any instruction: what it reads and writes. */
static bool set_effects(struct insn *i, struct decoder *d, const cs_insn *in)
{
	const cs_x86 *x = &in->detail->x86;
	cs_regs read, written;
	uint8_t n_read, n_written, reg, k;

	if (cs_regs_access(decoder__capstone(d), in, read, &n_read, written, &n_written) !=
	    CS_ERR_OK)
		return false;
	i->writes = implicit_writes(in->id);
	for (k = 0; k < n_written; k++) {
		reg = reg_number(written[k]);
		if (reg != REG_NONE)
			i->writes |= 1 << reg;
		if (written[k] == X86_REG_EFLAGS)
			i->sets_flags = true;
	}
	for (k = 0; k < x->op_count; k++) {
		const cs_x86_op *op = &x->operands[k];

		reg = op->type == X86_OP_REG ? reg_number(op->reg) : REG_NONE;
		if (reg != REG_NONE && op->access & CS_AC_WRITE)
			i->writes |= 1 << reg;
		if (reg != REG_NONE && op->access & CS_AC_READ)
			i->reads |= 1 << reg;
		if (op->type == X86_OP_MEM) {
			set_mem(i, in, op);
			if (op->access & CS_AC_WRITE)
				i->writes_mem = true;
		}
	}
	return true;
}

static bool is_reg(const cs_x86_op *op, unsigned int size)
{
	return op->type == X86_OP_REG && op->size == size && reg_number(op->reg) != REG_NONE;
}

static bool is_wide_reg(const cs_x86_op *op)
{
	return is_reg(op, 8) || is_reg(op, 4);
}

/* Is it the lowest part of a register? Not ah, ch, dh, bh. */
static bool is_low_reg(const cs_x86_op *op)
{
	uint8_t reg = op->type == X86_OP_REG ? reg_number(op->reg) : REG_NONE;

	return reg != REG_NONE && parts[reg][4] != op->reg;
}

/* Call, jump or conditional branch. */
static void set_flow(struct insn *i, struct decoder *d, const cs_insn *in, bool is_call)
{
	const cs_x86 *x = &in->detail->x86;
	const uint8_t *b = x->opcode;

	i->direct = x->op_count == 1 && x->operands[0].type == X86_OP_IMM;
	if (i->direct)
		i->target = (uint64_t)x->operands[0].imm;
	i->cc = CC_NONE;
	if (is_call) {
		i->op = INSN_CALL;
	} else if (in->id == X86_INS_JMP || in->id == X86_INS_LJMP) {
		i->op = INSN_JUMP;
		i->has_slot = decoder__is_slot_jump(d, in, &i->target);
	} else {
		i->op = INSN_BRANCH;
		if (b[0] >= 0x70 && b[0] <= 0x7f)
			i->cc = b[0] & 15;
		else if (b[0] == 0x0f && b[1] >= 0x80 && b[1] <= 0x8f)
			i->cc = b[1] & 15;
	}
}

/* mov in its forms. */
static void set_mov(struct insn *i, const cs_x86_op *to, const cs_x86_op *from)
{
	if (is_wide_reg(to) && is_reg(from, to->size)) {
		i->op = INSN_MOVE;
	} else if (is_wide_reg(to) && from->type == X86_OP_IMM) {
		i->op = INSN_CONST;
		i->imm = to->size == 4 ? (int64_t)(uint32_t)from->imm : from->imm;
	} else if (is_reg(to, 8) && from->type == X86_OP_MEM) {
		i->op = INSN_LOAD;
	} else if (to->type == X86_OP_MEM && is_reg(from, 8)) {
		i->op = INSN_STORE;
	}
}

/* add, sub, and, xor, test, cmp: with a register and a constant, or a register twice. */
static void set_arithmetic(struct insn *i, unsigned int id, const cs_x86_op *to,
			   const cs_x86_op *from)
{
	bool same = from->type == X86_OP_REG && from->reg == to->reg;
	bool wide = is_wide_reg(to);

	if (!is_low_reg(to))
		return;
	if (from->type == X86_OP_IMM)
		i->imm = from->imm;
	if (same && wide && (id == X86_INS_XOR || id == X86_INS_SUB)) {
		i->op = INSN_CONST;
		i->imm = 0;
	} else if (id == X86_INS_TEST && same) {
		i->op = INSN_TEST;
	} else if (from->type != X86_OP_IMM) {
		return;
	} else if (id == X86_INS_CMP || id == X86_INS_TEST) {
		i->op = INSN_COMPARE;
		i->is_test = id == X86_INS_TEST;
	} else if (wide && (id == X86_INS_ADD || id == X86_INS_SUB)) {
		i->op = INSN_ADD;
		if (id == X86_INS_SUB)
			i->imm = -i->imm;
	} else if (wide && id == X86_INS_AND) {
		i->op = INSN_AND;
	}
}

static void set_op(struct insn *i, const cs_insn *in)
{
	const cs_x86 *x = &in->detail->x86;
	const cs_x86_op *a = &x->operands[0], *b = &x->operands[1];

	if (x->op_count > 0 && a->type == X86_OP_REG) {
		i->dst = reg_number(a->reg);
		i->width = a->size;
	}
	if (x->op_count > 1 && b->type == X86_OP_REG)
		i->src = reg_number(b->reg);
	switch (in->id) {
	case X86_INS_NOP:
	case X86_INS_ENDBR64:
	case X86_INS_PAUSE:
		i->op = INSN_NOP;
		break;
	case X86_INS_MOV:
	case X86_INS_MOVABS:
		set_mov(i, a, b);
		break;
	case X86_INS_MOVZX:
		if (is_wide_reg(a) && is_low_reg(b)) {
			i->op = INSN_EXTEND;
			i->width = b->size;
		}
		break;
	case X86_INS_LEA:
		if (is_reg(a, 8))
			i->op = INSN_LEA;
		break;
	case X86_INS_ADD:
	case X86_INS_SUB:
	case X86_INS_AND:
	case X86_INS_XOR:
	case X86_INS_TEST:
	case X86_INS_CMP:
		set_arithmetic(i, in->id, a, b);
		break;
	case X86_INS_MUL:
		if (is_reg(a, 8)) {
			i->op = INSN_MUL;
			i->src = i->dst;
		}
		break;
	case X86_INS_IMUL:
		if (x->op_count == 2 && is_reg(a, 8) && is_reg(b, 8))
			i->op = INSN_IMUL;
		else if (x->op_count == 1)
			i->writes |= 1 << REG_RAX | 1 << REG_RDX;
		break;
	case X86_INS_PUSH:
		if (x->prefix[2] == 0x66) /* two bytes */
			break;
		i->op = INSN_PUSH;
		i->src = is_reg(a, 8) ? reg_number(a->reg) : REG_NONE;
		break;
	case X86_INS_POP:
		if (is_reg(a, 8))
			i->op = INSN_POP;
		break;
	case X86_INS_LEAVE:
		i->op = INSN_LEAVE;
		break;
	case X86_INS_UD2:
	case X86_INS_HLT:
	case X86_INS_INT3:
		i->op = INSN_STOP;
		break;
	}
}

bool insn__decode(struct decoder *d, uint64_t vaddr, struct insn *out)
{
	const cs_insn *in = decoder__at(d, vaddr);
	csh capstone = decoder__capstone(d);

	if (!in)
		return false;
	memset(out, 0, sizeof(*out));
	out->addr = vaddr;
	out->size = in->size;
	out->dst = out->src = out->mem.base = out->mem.index = REG_NONE;
	out->mem.other_space = true;
	out->cc = CC_NONE;
	out->emulated = decoder__is_emulated(d, in);
	if (in->id == X86_INS_XBEGIN || in->id == X86_INS_IRETQ || in->id == X86_INS_SYSRET)
		return false;
	if (!set_effects(out, d, in))
		return false;
	if (cs_insn_group(capstone, in, CS_GRP_RET))
		out->op = INSN_RETURN;
	else if (cs_insn_group(capstone, in, CS_GRP_CALL) && in->id != X86_INS_SYSCALL)
		set_flow(out, d, in, true);
	else if (cs_insn_group(capstone, in, CS_GRP_JUMP))
		set_flow(out, d, in, false);
	else
		set_op(out, in);
	return true;
}
