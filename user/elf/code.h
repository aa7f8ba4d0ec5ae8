/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * code - follows the machine code of one function: where it returns and what it calls.
 *
 * For functions that must not get a return probe. A return probe puts the kernel's trampoline in
 * place of the return address; an exception that is thrown through such a frame finds no way on and
 * ends the program. Such a function is probed at its return instructions instead.
 */
#ifndef ELF_CODE_H
#define ELF_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;

#define CODE_MAX_RETURNS 64
#define CODE_MAX_TARGETS 256

struct code {
	uint64_t returns[CODE_MAX_RETURNS]; /* vaddrs of return instructions, also behind tail calls
					     */
	size_t n_returns;
	uint64_t targets[CODE_MAX_TARGETS]; /* vaddrs that it calls or jumps to directly */
	bool called[CODE_MAX_TARGETS];	    /* those that it calls, not only jumps to */
	size_t n_targets;
	bool calls_pointer; /* it also calls through a register or memory */
};

/*
 * Follow the function at vaddr through its direct jumps.
 * Returns 0; -ENOTSUP: it jumps through a register or memory, is too large, or the architecture is
 * not known; -EINVAL: no code there; other negative errno. out is complete only on 0.
 */
int code__explore(const struct elfimg *img, uint64_t vaddr, struct code *out);
/*
 * Places for an entry probe on a function: every call reaches each of them exactly once, with
 * its first args arguments, the frame pointer and the stack pointer unchanged. The first one is the
 * best: an instruction that the kernel emulates, if there is one. Any other is single-stepped,
 * which costs a second trap: thirty times as much on a virtual machine. The rest is for when the
 * kernel refuses to probe it.
 */
#define CODE_MAX_POINTS 16
struct code_points {
	uint64_t at[CODE_MAX_POINTS]; /* vaddrs */
	size_t n;		      /* at least 1 */
	bool emulated;		      /* at[0] is */
	const char *why;	      /* words on the choice of at[0], static */
};
void code__probe_points(const struct elfimg *img, uint64_t vaddr, unsigned int args,
			struct code_points *out);
/* The name of the imported function that the stub (.plt) at vaddr leads to, or NULL: no stub. */
const char *code__import(const struct elfimg *img, uint64_t vaddr);
/* Does it call, or jump to, vaddr? */
bool code__reaches(const struct code *code, uint64_t vaddr);
#endif
