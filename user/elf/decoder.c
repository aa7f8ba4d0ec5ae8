/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/decoder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elfimg.h"

#define WINDOW 4096	 /* bytes read at once */
#define MAX_INSN_SIZE 15 /* Intel SDM vol. 2, 2.3.11 */

struct decoder {
	const struct elfimg *img;
	csh capstone;
	cs_insn *insn;
	uint8_t bytes[WINDOW];
	uint64_t bytes_at;
	size_t n_bytes;
};

struct decoder *decoder__new(const struct elfimg *img)
{
	struct decoder *d;

#ifndef __x86_64__
	return NULL;
#endif
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->img = img;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &d->capstone) != CS_ERR_OK) {
		free(d);
		return NULL;
	}
	cs_option(d->capstone, CS_OPT_DETAIL, CS_OPT_ON);
	d->insn = cs_malloc(d->capstone);
	if (!d->insn) {
		decoder__free(d);
		return NULL;
	}
	return d;
}

void decoder__free(struct decoder *d)
{
	if (!d)
		return;
	if (d->insn)
		cs_free(d->insn, 1);
	cs_close(&d->capstone);
	free(d);
}

csh decoder__capstone(const struct decoder *d)
{
	return d->capstone;
}

const struct elfimg *decoder__image(const struct decoder *d)
{
	return d->img;
}

/* Bytes of the code at addr, at least one whole instruction unless the segment ends. */
static const uint8_t *fetch(struct decoder *d, uint64_t addr, size_t *n)
{
	uint64_t offset;
	ssize_t got;

	if (addr < d->bytes_at || addr + MAX_INSN_SIZE > d->bytes_at + d->n_bytes) {
		d->n_bytes = 0;
		if (!elfimg__vaddr_to_offset(d->img, addr, &offset))
			return NULL;
		got = pread(elfimg__fd(d->img), d->bytes, sizeof(d->bytes), (off_t)offset);
		if (got <= 0)
			return NULL;
		d->bytes_at = addr;
		d->n_bytes = got;
	}
	*n = d->n_bytes - (addr - d->bytes_at);
	return d->bytes + (addr - d->bytes_at);
}

const cs_insn *decoder__at(struct decoder *d, uint64_t vaddr)
{
	const uint8_t *bytes;
	size_t n;

	bytes = fetch(d, vaddr, &n);
	if (!bytes || !cs_disasm_iter(d->capstone, &bytes, &n, &vaddr, d->insn))
		return NULL;
	return d->insn;
}

/*
 * arch/x86/kernel/uprobes.c: branch_setup_xol_ops, push_setup_xol_ops. Only forms without prefixes;
 * push of r8 to r15 has one, which it knows.
 */
bool decoder__is_emulated(const cs_insn *in)
{
	const uint8_t *b = in->bytes;

	switch (b[0]) {
	case 0x50 ... 0x57: /* push r64 */
	case 0x70 ... 0x7f: /* jcc rel8 */
	case 0x90:	    /* nop */
	case 0xe8:	    /* call rel32 */
	case 0xe9:	    /* jmp rel32 */
	case 0xeb:	    /* jmp rel8 */
		return true;
	case 0x0f: /* jcc rel32 */
		return in->size == 6 && b[1] >= 0x80 && b[1] <= 0x8f;
	case 0x41: /* push r8 to r15 */
		return in->size == 2 && b[1] >= 0x50 && b[1] <= 0x57;
	}
	return false;
}

bool decoder__is_slot_jump(const cs_insn *in, uint64_t *slot)
{
	const cs_x86_op *op = &in->detail->x86.operands[0];

	if (in->id != X86_INS_JMP || in->detail->x86.op_count != 1 || op->type != X86_OP_MEM ||
	    op->mem.base != X86_REG_RIP || op->mem.index != X86_REG_INVALID)
		return false;
	*slot = in->address + in->size + (uint64_t)op->mem.disp;
	return true;
}

bool decoder__is_noreturn(const char *name)
{
	static const char *const names[] = {
		"__stack_chk_fail",
		"__cxa_throw",
		"__cxa_rethrow",
		"_Unwind_Resume",
		"abort",
		"exit",
		"_exit",
		"__assert_fail",
		"_ZSt9terminatev",
		"__cxa_throw_bad_array_new_length",
		"_ZSt17__throw_bad_allocv",
		"_ZSt28__throw_bad_array_new_lengthv",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}
