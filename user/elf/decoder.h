/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decoder - the machine instructions of an image, one at a time (capstone).
 *
 * The only part that knows how to get at them; what they mean is for code and insn to say.
 */
#ifndef ELF_DECODER_H
#define ELF_DECODER_H

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stdint.h>

struct decoder;
struct elfimg;

/* NULL: no memory, or no decoder for this architecture. img is borrowed. */
struct decoder *decoder__new(const struct elfimg *img);
void decoder__free(struct decoder *d);
/* The instruction at vaddr, with details; valid until the next call. NULL: none there. */
const cs_insn *decoder__at(struct decoder *d, uint64_t vaddr);
csh decoder__capstone(const struct decoder *d);
const struct elfimg *decoder__image(const struct decoder *d);
/* Does the kernel carry this instruction out itself, instead of single-stepping it? */
bool decoder__is_emulated(const cs_insn *in);
/* jmp *slot(%rip), as in .plt: sets *slot. */
bool decoder__is_slot_jump(const cs_insn *in, uint64_t *slot);
/* Is that the name of a function that never returns? */
bool decoder__is_noreturn(const char *name);
#endif
