/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insn - what one instruction of x86-64 does, as far as the analysis of data flow wants to know.
 *
 * Whatever is not known exactly is INSN_OTHER, with all that it may write. Registers are numbered
 * as the machine does (Intel SDM vol. 2, 2.2.1.2); parts of a register count as the whole.
 */
#ifndef ELF_INSN_H
#define ELF_INSN_H

#include <stdbool.h>
#include <stdint.h>

struct decoder;

enum insn_reg {
	REG_RAX,
	REG_RCX,
	REG_RDX,
	REG_RBX,
	REG_RSP,
	REG_RBP,
	REG_RSI,
	REG_RDI,
	REG_R8,
	REG_R9,
	REG_R10,
	REG_R11,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	N_REGS,
	REG_NONE = N_REGS,
};

enum insn_op {
	INSN_OTHER,   /* writes: a mask of registers; mem, if it may be written */
	INSN_NOP,     /* nothing */
	INSN_MOVE,    /* dst = src */
	INSN_EXTEND,  /* dst = the lowest width bytes of src */
	INSN_CONST,   /* dst = imm */
	INSN_LOAD,    /* dst = mem, 8 bytes */
	INSN_STORE,   /* mem = src, 8 bytes */
	INSN_LEA,     /* dst = address of mem */
	INSN_ADD,     /* dst += imm */
	INSN_AND,     /* dst &= imm */
	INSN_MUL,     /* rdx:rax = rax * src */
	INSN_IMUL,    /* dst *= src */
	INSN_TEST,    /* flags of dst & src */
	INSN_COMPARE, /* flags of dst - imm; also of a test of dst against the constant imm */
	INSN_PUSH,    /* of src, REG_NONE: something else */
	INSN_POP,     /* to dst */
	INSN_LEAVE,   /* rsp = rbp, pop rbp */
	INSN_CALL,    /* to target, or through a register or memory */
	INSN_JUMP,    /* the same */
	INSN_BRANCH,  /* to target if cc holds, CC_NONE: on something else than flags */
	INSN_RETURN,
	INSN_STOP, /* never goes on: ud2, hlt, int3 */
};

#define CC_NONE 0xff
#define CC_E 4 /* condition codes as in the opcode, SDM vol. 2, B.1.4.7: lowest bit inverts */
#define CC_NE 5

struct insn_mem {
	uint8_t base, index; /* enum insn_reg */
	bool other_space;    /* rip-relative, absolute, fs or gs: not the stack */
	int64_t disp;
	uint16_t size;
};

struct insn {
	uint64_t addr;
	uint8_t size;
	uint8_t op; /* enum insn_op */
	uint8_t dst, src;
	uint8_t width; /* of dst in bytes: 4 clears the upper half; EXTEND: of src */
	uint8_t cc;
	bool is_test;  /* INSN_COMPARE: by and, not by subtraction */
	bool direct;   /* call, jump: to target */
	bool has_slot; /* jump through the pointer at vaddr target, as in .plt */
	bool sets_flags;
	bool writes_mem;
	bool emulated;	 /* see struct arch */
	uint16_t writes; /* 1 << register, of dst and all others */
	uint16_t reads;	 /* the same; not those of an address */
	int64_t imm;
	uint64_t target;
	struct insn_mem mem;
};

/* Decode. False: there is no instruction, or one that no analysis should go past. */
bool insn__decode(struct decoder *d, uint64_t vaddr, struct insn *out);
/* The number of a System V argument's register, from 1; REG_NONE: on the stack. */
enum insn_reg insn__argument(unsigned int n);
/* Registers that a call does not preserve (System V ABI for AMD64, 3.2.1), as a mask. */
#define CALLER_SAVED                                                                               \
	(1 << REG_RAX | 1 << REG_RCX | 1 << REG_RDX | 1 << REG_RSI | 1 << REG_RDI | 1 << REG_R8 |  \
	 1 << REG_R9 | 1 << REG_R10 | 1 << REG_R11)
#endif
