/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stepper - runs a function of this process one instruction at a time (the trap flag) and sees
 * which of its points it comes by, and what probes there would record: the truth that an analysis
 * of its code has to agree with. x86-64 only.
 */
#ifndef STEPPER_H
#define STEPPER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "elf/points.h"

struct step_result {
	unsigned int results, begins;
	unsigned int hits; /* of points, also on a way that does not count */
	uint64_t ptr, size;
	bool bad_order; /* an end without its beginning, or a beginning after the result */
	bool bad_frame; /* return address or rbp were not where a point says */
};

static struct {
	const struct points *points;
	uint64_t bias;	       /* address - vaddr */
	uint64_t rsp, rbp, ra; /* at the entry; rsp 0: not there yet */
	struct step_result out;
} stepper;

static inline uint64_t stepper_value(const ucontext_t *u, uint8_t where, uint16_t at)
{
	/* by the machine's numbers */
	static const int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
				    REG_RSI, REG_RDI, REG_R8,  REG_R9,	REG_R10, REG_R11,
				    REG_R12, REG_R13, REG_R14, REG_R15};

	if (where < 16)
		return u->uc_mcontext.gregs[order[where]];
	if (where == POINT_STACK)
		return *(uint64_t *)(u->uc_mcontext.gregs[REG_RSP] + at);
	return 0;
}

/* Is the conditional jump going to be taken? Intel SDM vol. 2, B.1.4.7. */
static inline bool stepper_is_taken(uint64_t eflags, uint8_t cc)
{
	bool cf = eflags & 1, pf = eflags & 4, zf = eflags & 0x40, sf = eflags & 0x80,
	     of = eflags & 0x800;
	bool holds[] = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};

	return holds[cc >> 1] != (cc & 1);
}

static inline void stepper_meet(const ucontext_t *u, const struct point *p)
{
	struct step_result *o = &stepper.out;

	if ((uint64_t)u->uc_mcontext.gregs[REG_RSP] + p->depth != stepper.rsp)
		return; /* somebody else's, in code that is shared */
	o->hits++;
	if (p->ways != (POINT_GOES_ON | POINT_TAKEN) &&
	    p->ways != (stepper_is_taken(u->uc_mcontext.gregs[REG_EFL], p->cc) ? POINT_TAKEN
									       : POINT_GOES_ON))
		return;
	if (*(uint64_t *)stepper.rsp != stepper.ra)
		o->bad_frame = true;
	if (p->kind == POINT_BEGIN) {
		o->bad_order |= o->results || o->begins;
		o->begins++;
		o->size = stepper_value(u, p->size, p->size_at);
		return;
	}
	o->bad_order |= p->kind == POINT_END && !o->begins;
	o->results++;
	o->ptr = stepper_value(u, p->ptr, 0);
	if (p->kind == POINT_RESULT && p->ptr != POINT_NULL)
		o->size = stepper_value(u, p->size, p->size_at);
	if (stepper_value(u, p->fp, p->fp_at) != stepper.rbp)
		o->bad_frame = true;
}

static inline void stepper_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uint64_t rip = u->uc_mcontext.gregs[REG_RIP], rsp = u->uc_mcontext.gregs[REG_RSP];
	size_t i;

	(void)sig;
	(void)info;
	if (!stepper.rsp) {
		stepper.rsp = rsp;
		stepper.rbp = u->uc_mcontext.gregs[REG_RBP];
		stepper.ra = *(uint64_t *)rsp;
	}
	if (rip == stepper.ra && rsp == stepper.rsp + 8) {
		u->uc_mcontext.gregs[REG_EFL] &= ~0x100;
		return;
	}
	for (i = 0; i < stepper.points->n; i++)
		if (stepper.points->point[i].vaddr + stepper.bias == rip)
			stepper_meet(u, &stepper.points->point[i]);
}

/* Call the function of these points in steps. Returns what it returns. */
static inline uint64_t stepper_call(uint64_t function, const struct points *points, uint64_t bias,
				    uint64_t a, uint64_t b, struct step_result *out)
{
	static char stack[65536];
	struct sigaction action = {.sa_sigaction = stepper_trap,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK},
			 old;
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	uint64_t result;

	memset(&stepper, 0, sizeof(stepper));
	stepper.points = points;
	stepper.bias = bias;
	sigaltstack(&alt, NULL);
	sigaction(SIGTRAP, &action, &old);
	__asm__ volatile("mov %%rsp, %%r12\n"
			 "sub $256, %%rsp\n" /* the red zone */
			 "and $-16, %%rsp\n"
			 "pushfq\n"
			 "orl $0x100, (%%rsp)\n"
			 "popfq\n"
			 "call *%[function]\n"
			 "mov %%r12, %%rsp\n"
			 : "=a"(result), "+D"(a), "+S"(b), [function] "+b"(function)
			 :
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
			   "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	sigaction(SIGTRAP, &old, NULL);
	*out = stepper.out;
	return result;
}
#endif
