/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow_step - what one instruction makes of what is known; see flow.h. */
#ifndef ELF_FLOW_STEP_H
#define ELF_FLOW_STEP_H

#include "elf/flow.h"

enum flow_flags {
	FLAGS_UNKNOWN,
	FLAGS_CONST,
	FLAGS_OF_REG,
};

void flow_step__entry(struct flow_state *s); /* a function's entry */
/* The entry of a function that is called in state caller: constants are passed on. */
void flow_step__callee(struct flow_state *s, const struct flow_state *caller);
/* Two paths meet: keep in s what holds on both. False: s was that already. */
bool flow_step__merge(struct flow_state *s, const struct flow_state *other);
void flow_step__effect(const struct insn *in, const struct flow_state *s, struct flow_effect *e);
/* s: before, becomes after. */
void flow_step__apply(const struct insn *in, const struct flow_effect *e, struct flow_state *s);
/* Which way does a branch go, 0: on, 1: to its target, -1: not known? */
int flow_step__branch(const struct flow_state *s, uint8_t cc);
/* What is known once it went there. Returns the register that is 0 then, or REG_NONE. */
uint8_t flow_step__take(struct flow_state *s, uint8_t cc, bool taken);
#endif
