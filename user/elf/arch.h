/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arch - what the search for places of probes has to know of an architecture's instructions.
 *
 * The architecture is that of the image, not ours: rules can be tested anywhere. To add one, write
 * its file and add it to the table in decoder.c.
 */
#ifndef ELF_ARCH_H
#define ELF_ARCH_H

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;

enum arch_step {
	STEP_NEXT,    /* goes on behind it */
	STEP_BARRIER, /* goes on behind it, but there a probe is not as good as at the entry */
	STEP_CALL,    /* to the target */
	STEP_JUMP,    /* to the target */
	STEP_BRANCH,  /* to the target, or on behind it */
	STEP_RETURN,
	STEP_STOP, /* never goes on: an undefined instruction, a breakpoint */
};

struct arch_flow {
	enum arch_step step;
	bool direct;	 /* the target is in the instruction */
	uint64_t target; /* vaddr, if direct */
};

struct arch {
	uint16_t machine; /* e_machine */
	cs_arch capstone;
	cs_mode mode;
	size_t max_insn_size; /* bytes */
	bool fixed_size;      /* all have that: one that capstone does not know is passed over */

	/* Where control goes after it. */
	void (*flow)(csh capstone, const cs_insn *in, struct arch_flow *out);
	/*
	 * Does it leave the first args arguments, the frame and stack pointer and the return
	 * address where they are, and as they are? False when that is not known.
	 */
	bool (*keeps)(csh capstone, const cs_insn *in, unsigned int args);
	/* Does the kernel carry it out itself at a probe, instead of single-stepping it? */
	bool (*is_emulated)(const cs_insn *in);
	/*
	 * Is it the jump through a pointer at a fixed vaddr that a stub (.plt) ends with? Sets
	 * *slot to that vaddr. in stays valid.
	 */
	bool (*slot_jump)(struct decoder *d, const cs_insn *in, uint64_t *slot);
	/* Can it stand in a stub before that jump? */
	bool (*leads_stub)(const cs_insn *in);
};

extern const struct arch arch_x86;
extern const struct arch arch_arm64;
#endif
