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
#include <stddef.h>
#include <stdint.h>

struct arch;
struct decoder;
struct elfimg;

/* NULL: no memory, or no decoder for this architecture. img is borrowed. */
struct decoder *decoder__new(const struct elfimg *img);
void decoder__free(struct decoder *d);
/* The instruction at vaddr, with details; valid until the next call. NULL: none there. */
const cs_insn *decoder__at(struct decoder *d, uint64_t vaddr);
csh decoder__capstone(const struct decoder *d);
const struct elfimg *decoder__image(const struct decoder *d);
/* Of the image's machine; static. */
const struct arch *decoder__arch(const struct decoder *d);
/* n bytes of the image at vaddr; false: they are not all there. */
bool decoder__bytes(struct decoder *d, uint64_t vaddr, uint8_t *out, size_t n);
/* See is_emulated and slot_jump of struct arch. */
bool decoder__is_emulated(const struct decoder *d, const cs_insn *in);
bool decoder__is_slot_jump(struct decoder *d, const cs_insn *in, uint64_t *slot);
/* Is that the name of a function that never returns? */
bool decoder__is_noreturn(const char *name);
/* Of one that returns its first argument, whatever it is? */
bool decoder__returns_argument(const char *name);
#endif
