/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/decoder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/arch.h"
#include "elf/elfimg.h"

#define WINDOW 4096 /* bytes read at once */

static const struct arch *const archs[] = {&arch_x86, &arch_arm64};

struct decoder {
	const struct arch *arch;
	const struct elfimg *img;
	csh capstone;
	cs_insn *insn;
	uint8_t bytes[WINDOW];
	uint64_t bytes_at;
	size_t n_bytes;
};

struct decoder *decoder__new(const struct elfimg *img)
{
	struct decoder *d = calloc(1, sizeof(*d));
	size_t i;

	if (!d)
		return NULL;
	d->img = img;
	for (i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		if (archs[i]->machine == elfimg__machine(img))
			d->arch = archs[i];
	if (!d->arch || cs_open(d->arch->capstone, d->arch->mode, &d->capstone) != CS_ERR_OK) {
		free(d);
		return NULL;
	}
	cs_option(d->capstone, CS_OPT_DETAIL, CS_OPT_ON);
	if (d->arch->fixed_size)
		cs_option(d->capstone, CS_OPT_SKIPDATA, CS_OPT_ON);
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

const struct arch *decoder__arch(const struct decoder *d)
{
	return d->arch;
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

	if (addr < d->bytes_at || addr + d->arch->max_insn_size > d->bytes_at + d->n_bytes) {
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

bool decoder__bytes(struct decoder *d, uint64_t vaddr, uint8_t *out, size_t n)
{
	uint64_t offset;

	return elfimg__vaddr_to_offset(d->img, vaddr, &offset) &&
	       pread(elfimg__fd(d->img), out, n, (off_t)offset) == (ssize_t)n;
}

bool decoder__is_emulated(const struct decoder *d, const cs_insn *in)
{
	return d->arch->is_emulated(in);
}

bool decoder__is_slot_jump(struct decoder *d, const cs_insn *in, uint64_t *slot)
{
	return d->arch->slot_jump(d, in, slot);
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
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

	return is_among(name, names, sizeof(names) / sizeof(names[0]));
}

bool decoder__returns_argument(const char *name)
{
	static const char *const names[] = {"memset", "memcpy", "memmove"};

	return is_among(name, names, sizeof(names) / sizeof(names[0]));
}
