/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arch_arm64 - AArch64 (AAPCS64 6.1.1 for the registers).
 *
 * All is read from the instruction words (Arm ARM C4.1): they are regular, and what capstone says
 * of groups and of written registers differs between its versions (4.0 has cmp write its operand).
 */
#include <elf.h>
#include <string.h>

#include "elf/arch.h"
#include "elf/decoder.h"

static uint32_t word_of(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The signed number in the n bits from bit low up. */
static int64_t signed_field(uint32_t word, unsigned int low, unsigned int n)
{
	return (int64_t)((uint64_t)word << (64 - low - n)) >> (64 - n);
}

static bool is_adr(uint32_t word) /* adrp as well */
{
	return (word & 0x1f000000) == 0x10000000;
}

/* b.cond and bc.cond, cbz and cbnz, tbz and tbnz: sets the distance to the target. */
static bool is_branch(uint32_t word, int64_t *distance)
{
	if ((word & 0xff000000) == 0x54000000 || (word & 0x7e000000) == 0x34000000)
		*distance = signed_field(word, 5, 19) * 4;
	else if ((word & 0x7e000000) == 0x36000000)
		*distance = signed_field(word, 5, 14) * 4;
	else
		return false;
	return true;
}

/* br, blr, ret, eret and their forms with pointer authentication. */
static bool is_register_branch(uint32_t word)
{
	return (word & 0xfe000000) == 0xd6000000;
}

static void flow(csh capstone, const cs_insn *in, struct arch_flow *out)
{
	uint32_t word = word_of(in->bytes);
	int64_t distance;

	(void)capstone;
	*out = (struct arch_flow){.step = STEP_NEXT};
	if ((word & 0x7c000000) == 0x14000000) { /* b, bl */
		out->step = word >> 31 ? STEP_CALL : STEP_JUMP;
		out->direct = true;
		out->target = in->address + (uint64_t)signed_field(word, 0, 26) * 4;
	} else if (is_branch(word, &distance)) {
		out->step = STEP_BRANCH;
		out->direct = true;
		out->target = in->address + (uint64_t)distance;
	} else if (is_register_branch(word)) {
		switch (word >> 21 & 7) { /* opc without its bit for "with a modifier" */
		case 0:
			out->step = STEP_JUMP;
			break;
		case 1:
			out->step = STEP_CALL;
			break;
		default: /* ret, eret */
			out->step = STEP_RETURN;
		}
	} else if ((word & 0xff000000) ==
		   0xd4000000) { /* exceptions: svc, hvc, smc, or no way on */
		out->step = (word >> 21 & 7) == 0 ? STEP_BARRIER : STEP_STOP;
	} else if ((word & 0x3f800000) == 0x08000000) {
		/* Exclusive accesses: with a trap between load and store they never succeed. */
		out->step = STEP_BARRIER;
	} else if (!(word & 0xffff0000)) { /* udf */
		out->step = STEP_STOP;
	}
}

#define ALL_REGS UINT32_MAX
#define REG_SP (1u << 31)

/* The bit of the register in the five bits from low up; 31 is one that cannot be written. */
static uint32_t reg_field(uint32_t word, unsigned int low)
{
	return 1u << (word >> low & 31) & ~REG_SP;
}

/* The same where 31 is the stack pointer. */
static uint32_t reg_or_sp_field(uint32_t word, unsigned int low)
{
	return 1u << (word >> low & 31);
}

/* C4.1.92 "Data processing - immediate", C4.1.95 "- register". */
static uint32_t written_by_processing(uint32_t word)
{
	bool sets_flags = word & 1u << 29;

	if ((word & 0x1f000000) == 0x11000000) /* add, sub of an immediate */
		return sets_flags ? reg_field(word, 0) : reg_or_sp_field(word, 0);
	if ((word & 0x1f800000) == 0x12000000) /* and, orr, eor, ands of an immediate */
		return (word >> 29 & 3) == 3 ? reg_field(word, 0) : reg_or_sp_field(word, 0);
	if ((word & 0x1f200000) == 0x0b200000) /* add, sub of an extended register */
		return sets_flags ? reg_field(word, 0) : reg_or_sp_field(word, 0);
	return reg_field(word, 0);
}

/* C4.1.93 "Branches, exception generating and system": of these only what stands at entries. */
static uint32_t written_by_system(uint32_t word)
{
	unsigned int hint = word >> 5 & 0x7f;

	if ((word & 0xfffff01f) == 0xd503201f) /* the others may sign x30, or x17 */
		return hint == 0 || (hint & ~6u) == 32 /* nop, bti */ ? 0 : ALL_REGS;
	return (word & 0xfff00000) == 0xd5300000 /* mrs */ ? reg_field(word, 0) : ALL_REGS;
}

/* C4.1.94 "Loads and stores". */
static uint32_t written_by_access(uint32_t word)
{
	bool vector = word & 1u << 26;
	uint32_t mask = 0;

	if ((word & 0x3b000000) == 0x18000000) /* ldr of a literal */
		return vector ? 0 : reg_field(word, 0);
	if ((word & 0x3a000000) == 0x28000000) { /* ldp, stp */
		if (word & 1u << 23)		 /* before or after */
			mask = reg_or_sp_field(word, 5);
		if (word & 1u << 22 && !vector)
			mask |= reg_field(word, 0) | reg_field(word, 10);
		return mask;
	}
	if ((word & 0x3a000000) == 0x38000000) { /* ldr, str */
		bool plain = word & 1u << 24, indexed = word & 1u << 21;

		if (!plain && indexed && (word >> 10 & 3) != 2) /* atomics, ldraa */
			return ALL_REGS;
		if (!plain && !indexed && word & 1u << 10) /* before or after */
			mask = reg_or_sp_field(word, 5);
		if (word >> 22 & 3 && !vector)
			mask |= reg_field(word, 0);
		return mask;
	}
	return ALL_REGS;
}

/* The general registers that it may write, bit n for xn; REG_SP. */
static uint32_t written_by(uint32_t word)
{
	if ((word & 0x1c000000) == 0x10000000 || (word & 0x0e000000) == 0x0a000000)
		return written_by_processing(word);
	if ((word & 0x1c000000) == 0x14000000)
		return written_by_system(word);
	if ((word & 0x0a000000) == 0x08000000)
		return written_by_access(word);
	if ((word & 0x0e000000) == 0x0e000000) /* vectors: some move to a general register */
		return reg_field(word, 0);
	return ALL_REGS;
}

/* The return address is in x30 at a function's entry, not on the stack. */
static bool keeps(csh capstone, const cs_insn *in, unsigned int args)
{
	uint32_t kept = REG_SP | 1u << 30 | 1u << 29;

	(void)capstone;
	kept |= (1u << (args < 8 ? args : 8)) - 1;
	return !(written_by(word_of(in->bytes)) & kept);
}

/*
 * arch/arm64/kernel/probes/decode-insn.c: arm_probe_decode_insn. Of nop that is true since 6.13;
 * before, it is stepped like any other, which is right too, if slower.
 */
static bool is_emulated(const cs_insn *in)
{
	uint32_t word = word_of(in->bytes);
	int64_t distance;

	if (word == 0xd503201f) /* nop */
		return true;
	if ((word & 0x7c000000) == 0x14000000 || is_adr(word))
		return true;
	if (is_branch(word, &distance))
		return !(word >> 24 == 0x54 && word & 0x10); /* bc.cond is not known to it */
	/* br, blr, ret; not those that authenticate */
	return (word & 0xff9ffc1f) == 0xd61f0000 && (word >> 21 & 3) != 3;
}

/*
 * adrp x16, page; ldr x17, [x16, #low]; add x16, x16, #low; br x17 (AAPCS64: linkers write no
 * other, but for a bti in front; ELF for the Arm 64-bit Architecture 5.7.12 has the relocations).
 */
static bool slot_jump(struct decoder *d, const cs_insn *in, uint64_t *slot)
{
	uint8_t before[12];
	uint32_t adrp, ldr;
	int64_t pages;

	if (word_of(in->bytes) != 0xd61f0220 || in->address < sizeof(before) ||
	    !decoder__bytes(d, in->address - sizeof(before), before, sizeof(before)))
		return false;
	adrp = word_of(before);
	ldr = word_of(before + 4);
	if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211 ||
	    (word_of(before + 8) & 0xff8003ff) != 0x91000210)
		return false;
	pages = signed_field(adrp, 5, 19) * 4 + (adrp >> 29 & 3);
	*slot = ((in->address - sizeof(before)) & ~0xfffull) + (uint64_t)pages * 4096 +
		(uint64_t)(ldr >> 10 & 0xfff) * 8;
	return true;
}

static bool leads_stub(const cs_insn *in)
{
	uint32_t word = word_of(in->bytes);

	return (word & 0xffffff3f) == 0xd503241f || /* bti */
	       (word & 0x9f00001f) == 0x90000010 || /* adrp x16 */
	       (word & 0xffc003ff) == 0xf9400211 || /* ldr x17, [x16, #] */
	       (word & 0xff8003ff) == 0x91000210;   /* add x16, x16, # */
}

const struct arch arch_arm64 = {
	.machine = EM_AARCH64,
	.capstone = CS_ARCH_ARM64,
	.mode = CS_MODE_LITTLE_ENDIAN,
	.max_insn_size = 4,
	.fixed_size = true,
	.flow = flow,
	.keeps = keeps,
	.is_emulated = is_emulated,
	.slot_jump = slot_jump,
	.leads_stub = leads_stub,
};
