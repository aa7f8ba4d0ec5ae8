/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow - a function's instructions as a graph, with what is known before each of them.
 *
 * Follows all paths from the entry, tail calls included, and keeps for every register and for the
 * words of the stack frame where their value comes from, as sparse conditional constant propagation
 * does (Wegman and Zadeck, 1991). Branches that constants decide are taken one way only. A call
 * that cannot return ends its path: the called function is followed as well, with the constants
 * that are passed to it.
 *
 * Relied on beside the machine code: callees preserve what the System V ABI says, and do not write
 * to the caller's frame but through addresses that were taken of it; memset and its like return
 * their first argument, as the C standard says (ISO C11, 7.24).
 */
#ifndef ELF_FLOW_H
#define ELF_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/insn.h"

struct elfimg;

/* Words of the stack below the entry's return address that are followed. */
#define FLOW_SLOTS 96

/* Where a word may be: a register, or a stack slot; slot n is at entry rsp - 8 * (n + 1). */
enum {
	LOC_SLOT = N_REGS,
	N_LOCS = LOC_SLOT + FLOW_SLOTS,
	LOC_ZERO = N_LOCS, /* not a place: the constant 0 */
	LOC_NONE,
};

enum flow_kind {
	VAL_UNKNOWN,
	VAL_CONST,   /* n */
	VAL_ENTRY,   /* what register n held at the entry */
	VAL_SP,	     /* the entry's rsp + n */
	VAL_PRODUCT, /* of entry registers n & 15 and n >> 4, the lower one first; low 64 bits */
};

struct flow_val {
	uint64_t kind : 4; /* enum flow_kind */
	int64_t n : 60;
};

struct flow_state {
	struct flow_val at[N_LOCS];
	uint64_t pushed[(FLOW_SLOTS + 63) / 64]; /* slots that were last written by a push */
	int64_t escape; /* addresses of the frame from entry rsp + escape on are known to others */
	uint8_t flags;	/* enum flow_flags */
	uint8_t flag_reg; /* FLAGS_OF_REG: ZF says whether this is 0 */
	uint16_t eflags;  /* FLAGS_CONST: bits as in the register */
};

/* What an instruction does to the places, in a given state. */
struct flow_effect {
	uint16_t kill_regs;
	uint64_t kill_slots[(FLOW_SLOTS + 63) / 64];
	uint16_t dst;	       /* then this place is set, LOC_NONE: none */
	uint16_t src;	       /* to the value of this one, LOC_NONE: to value */
	struct flow_val value; /* CONST 0: also LOC_ZERO */
	struct flow_val rsp;   /* and rsp to this */
};

enum flow_end {
	FLOW_GOES_ON,
	FLOW_RETURNS,
	FLOW_RETURNS_ARG, /* jumps to a function that returns its first argument */
	FLOW_LEAVES,	  /* jumps to code that is not followed, which returns */
	FLOW_STOPS,	  /* never returns */
};

struct flow_node {
	struct insn in;
	struct flow_state *before;
	struct flow_effect effect;
	int32_t next[2];     /* indices of nodes, -1: none. A branch: not taken, taken */
	uint8_t zero_reg[2]; /* going there, this register is 0; REG_NONE: none is known to be */
	uint8_t end;	     /* enum flow_end */
	bool queued;
};

/* Does the function return there, or hand on what it returns? */
static inline bool flow__returns(const struct flow_node *node)
{
	return node->end == FLOW_RETURNS || node->end == FLOW_RETURNS_ARG;
}

struct flow {
	struct flow_node *node; /* 0 is the entry */
	size_t n;
	uint32_t *index; /* by address */
	size_t index_size, room;
};

/*
 * Follow the function at vaddr. Returns 0; -ENOTSUP: it jumps through a register, is too large, or
 * is of an unknown architecture; -EINVAL: no code there; -ENOMEM. out: cleared by flow__clear, also
 * after an error.
 */
int flow__follow(const struct elfimg *img, uint64_t vaddr, struct flow *out);
void flow__clear(struct flow *f);

/* The offset of rsp from its value at the entry. False: not known. */
bool flow__depth(const struct flow_state *s, int64_t *offset);
/* The place of the stack word at entry rsp + offset; LOC_NONE: not followed. */
uint16_t flow__slot(int64_t offset);
#endif
