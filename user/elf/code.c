/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/code.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elfimg.h"

#define MAX_INSNS 8192
#define MAX_WORK 512	 /* branch targets waiting to be followed */
#define WINDOW 4096	 /* bytes read at once */
#define MAX_INSN_SIZE 15 /* Intel SDM vol. 2, 2.3.11 */

struct walk {
	const struct elfimg *img;
	csh capstone;
	cs_insn *insn;
	struct code *out;
	uint64_t work[MAX_WORK];
	size_t n_work;
	uint64_t *seen; /* addresses of decoded instructions, sorted */
	size_t n_seen;
	uint8_t bytes[WINDOW];
	uint64_t bytes_at;
	size_t n_bytes;
};

/* The place of addr among the seen ones, or where it belongs. */
static size_t seen_place(const struct walk *w, uint64_t addr)
{
	size_t low = 0, high = w->n_seen;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->seen[mid] < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* False: it was seen before. */
static bool see(struct walk *w, uint64_t addr)
{
	size_t at = seen_place(w, addr);

	if (at < w->n_seen && w->seen[at] == addr)
		return false;
	memmove(&w->seen[at + 1], &w->seen[at], (w->n_seen - at) * sizeof(*w->seen));
	w->seen[at] = addr;
	w->n_seen++;
	return true;
}

/* Bytes of the code at addr, at least one whole instruction unless the segment ends. */
static const uint8_t *fetch(struct walk *w, uint64_t addr, size_t *n)
{
	uint64_t offset;
	ssize_t got;

	if (addr < w->bytes_at || addr + MAX_INSN_SIZE > w->bytes_at + w->n_bytes) {
		w->n_bytes = 0;
		if (!elfimg__vaddr_to_offset(w->img, addr, &offset))
			return NULL;
		got = pread(elfimg__fd(w->img), w->bytes, sizeof(w->bytes), (off_t)offset);
		if (got <= 0)
			return NULL;
		w->bytes_at = addr;
		w->n_bytes = got;
	}
	*n = w->n_bytes - (addr - w->bytes_at);
	return w->bytes + (addr - w->bytes_at);
}

static int add_target(struct walk *w, uint64_t addr, bool called)
{
	struct code *out = w->out;
	size_t i;

	for (i = 0; i < out->n_targets && out->targets[i] != addr; i++)
		;
	if (i == CODE_MAX_TARGETS)
		return -ENOTSUP;
	if (i == out->n_targets)
		out->targets[out->n_targets++] = addr;
	out->called[i] |= called;
	return 0;
}

static int add_work(struct walk *w, uint64_t addr)
{
	if (w->n_work == MAX_WORK)
		return -ENOTSUP;
	w->work[w->n_work++] = addr;
	return 0;
}

/* jmp *slot(%rip), as in .plt. */
static bool is_slot_jump(const cs_insn *in, uint64_t *slot)
{
	const cs_x86_op *op = &in->detail->x86.operands[0];

	if (in->id != X86_INS_JMP || in->detail->x86.op_count != 1 || op->type != X86_OP_MEM ||
	    op->mem.base != X86_REG_RIP || op->mem.index != X86_REG_INVALID)
		return false;
	*slot = in->address + in->size + (uint64_t)op->mem.disp;
	return true;
}

/* Imported functions that do not return: what follows their call is other code. */
static bool is_noreturn(const char *name)
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

/* What the stub at addr, an optional endbr64 and a jump, leads to; NULL: there is none. */
static const char *stub_symbol(struct walk *w, uint64_t addr)
{
	const uint8_t *code;
	const char *name = NULL;
	cs_insn *in = cs_malloc(w->capstone);
	uint64_t slot;
	size_t n, i;

	for (i = 0; in && i < 2; i++) {
		code = fetch(w, addr, &n);
		if (!code || !cs_disasm_iter(w->capstone, &code, &n, &addr, in))
			break;
		if (is_slot_jump(in, &slot)) {
			name = elfimg__slot_symbol(w->img, slot);
			break;
		}
		if (in->id != X86_INS_ENDBR64)
			break;
	}
	if (in)
		cs_free(in, 1);
	return name;
}

static bool calls_noreturn(struct walk *w, uint64_t addr)
{
	const char *name = stub_symbol(w, addr);

	return name && is_noreturn(name);
}

/*
 * One instruction. Returns 1 when the next one follows it, 0 when control does not go on there, or
 * negative errno. Calls are taken to return: past one that does not, other code may be taken for
 * this function's, which only costs a probe too many.
 */
static int follow(struct walk *w, const cs_insn *in)
{
	const cs_x86 *x = &in->detail->x86;
	bool direct = x->op_count == 1 && x->operands[0].type == X86_OP_IMM;
	uint64_t slot, target = direct ? (uint64_t)x->operands[0].imm : 0;
	int err;

	if (cs_insn_group(w->capstone, in, CS_GRP_RET) ||
	    cs_insn_group(w->capstone, in, CS_GRP_IRET)) {
		if (w->out->n_returns == CODE_MAX_RETURNS)
			return -ENOTSUP;
		w->out->returns[w->out->n_returns++] = in->address;
		return 0;
	}
	if (cs_insn_group(w->capstone, in, CS_GRP_CALL)) {
		if (!direct) {
			w->out->calls_pointer = true;
			return 1;
		}
		err = add_target(w, target, true);
		return err ? err : !calls_noreturn(w, target);
	}
	if (cs_insn_group(w->capstone, in, CS_GRP_JUMP)) {
		if (!direct &&
		    !(is_slot_jump(in, &slot) && elfimg__slot_target(w->img, slot, &target)))
			return -ENOTSUP;
		err = add_target(w, target, false);
		if (!err)
			err = add_work(w, target);
		return err ? err : in->id != X86_INS_JMP;
	}
	return in->id != X86_INS_UD2 && in->id != X86_INS_HLT && in->id != X86_INS_INT3;
}

static int run(struct walk *w)
{
	const uint8_t *code;
	uint64_t addr;
	size_t n;
	int more;

	while (w->n_work) {
		addr = w->work[--w->n_work];
		do {
			if (!see(w, addr))
				break;
			if (w->n_seen >= MAX_INSNS)
				return -ENOTSUP;
			code = fetch(w, addr, &n);
			if (!code || !cs_disasm_iter(w->capstone, &code, &n, &addr, w->insn))
				return -EINVAL;
			more = follow(w, w->insn);
			if (more < 0)
				return more;
		} while (more);
	}
	return 0;
}

static void close_walk(struct walk *w)
{
	if (!w)
		return;
	if (w->insn)
		cs_free(w->insn, 1);
	if (w->capstone)
		cs_close(&w->capstone);
	free(w->seen);
	free(w);
}

/* NULL: no memory, or no decoder for this architecture. */
static struct walk *open_walk(const struct elfimg *img, struct code *out)
{
	struct walk *w;

#ifndef __x86_64__
	return NULL;
#endif
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->img = img;
	w->out = out;
	w->seen = calloc(MAX_INSNS + 1, sizeof(*w->seen));
	if (!w->seen || cs_open(CS_ARCH_X86, CS_MODE_64, &w->capstone) != CS_ERR_OK) {
		w->capstone = 0;
		close_walk(w);
		return NULL;
	}
	cs_option(w->capstone, CS_OPT_DETAIL, CS_OPT_ON);
	w->insn = cs_malloc(w->capstone);
	if (!w->insn) {
		close_walk(w);
		return NULL;
	}
	return w;
}

int code__explore(const struct elfimg *img, uint64_t vaddr, struct code *out)
{
	struct walk *w = open_walk(img, out);
	int err;

	memset(out, 0, sizeof(*out));
	if (!w)
		return -ENOTSUP;
	w->work[w->n_work++] = vaddr;
	err = run(w);
	close_walk(w);
	return err;
}

/*
 * Does the kernel carry this instruction out itself (arch/x86/kernel/uprobes.c:
 * branch_setup_xol_ops, push_setup_xol_ops)? Only forms without prefixes; push of r8 to r15 has
 * one, which it knows.
 */
static bool is_emulated(const cs_insn *in)
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

/* Does it leave the first args arguments, the stack pointer and the flow of control alone? */
static bool is_harmless(struct walk *w, const cs_insn *in, unsigned int args)
{
	static const struct {
		const char *name;
		unsigned int arg; /* 0: not one */
	} kept[] = {
		{"rsp", 0}, {"esp", 0}, {"sp", 0},  {"spl", 0}, {"rbp", 0}, {"ebp", 0},
		{"bp", 0},  {"bpl", 0}, {"rdi", 1}, {"edi", 1}, {"di", 1},  {"dil", 1},
		{"rsi", 2}, {"esi", 2}, {"si", 2},  {"sil", 2}, {"rdx", 3}, {"edx", 3},
		{"dx", 3},  {"dl", 3},	{"dh", 3},  {"rcx", 4}, {"ecx", 4}, {"cx", 4},
		{"cl", 4},  {"ch", 4},	{"r8", 5},  {"r8d", 5}, {"r8w", 5}, {"r8b", 5},
	};
	cs_regs read, written;
	uint8_t n_read, n_written;
	size_t i, k;

	if (cs_insn_group(w->capstone, in, CS_GRP_JUMP) ||
	    cs_insn_group(w->capstone, in, CS_GRP_CALL) ||
	    cs_insn_group(w->capstone, in, CS_GRP_RET) ||
	    cs_insn_group(w->capstone, in, CS_GRP_INT) || in->id == X86_INS_SYSCALL)
		return false;
	if (cs_regs_access(w->capstone, in, read, &n_read, written, &n_written) != CS_ERR_OK)
		return false;
	for (i = 0; i < n_written; i++) {
		const char *name = cs_reg_name(w->capstone, written[i]);

		for (k = 0; name && k < sizeof(kept) / sizeof(kept[0]); k++)
			if (kept[k].arg <= args && !strcmp(name, kept[k].name))
				return false;
	}
	return true;
}

/* Nothing may jump to what lies behind the entry: it would hit a probe there without a call. */
static size_t reachable_by_calls_only(const struct elfimg *img, const struct code_points *points,
				      const char **why)
{
	uint64_t entry = points->at[0];
	struct code *code = calloc(1, sizeof(*code));
	size_t n = points->n, i;

	if (!code || code__explore(img, entry, code)) {
		*why = "its code cannot be followed, so something may jump behind its first "
		       "instruction";
		n = 1;
	}
	for (i = 0; code && n > 1 && i < code->n_targets; i++) {
		while (n > 1 && code->targets[i] > entry && code->targets[i] <= points->at[n - 1]) {
			*why = "its code jumps behind its first instruction";
			n--;
		}
	}
	free(code);
	return n;
}

void code__probe_points(const struct elfimg *img, uint64_t vaddr, unsigned int args,
			struct code_points *out)
{
	struct walk *w = open_walk(img, NULL);
	const uint8_t *bytes;
	uint64_t addr = vaddr, best = vaddr;
	bool emulated = false;
	const char *why = "none of its first instructions is one that the kernel emulates";
	size_t n;

	*out = (struct code_points){.at = {vaddr}, .n = 1};
	for (n = 0; w && n < CODE_MAX_POINTS && !emulated; n++) {
		size_t left;

		bytes = fetch(w, addr, &left);
		if (!bytes || !cs_disasm_iter(w->capstone, &bytes, &left, &addr, w->insn)) {
			why = n ? "its first instructions cannot all be decoded"
				: "its first instruction cannot be decoded";
			break;
		}
		out->at[n] = w->insn->address;
		out->n = n + 1;
		emulated = is_emulated(w->insn);
		if (!emulated && !is_harmless(w, w->insn, args)) {
			n++;
			break;
		}
	}
	close_walk(w);
	n = out->n > 1 ? reachable_by_calls_only(img, out, &why) : 1;
	emulated &= n == out->n;
	out->n = n;
	out->emulated = emulated;
	out->why = emulated ? "the kernel emulates it" : why;
	if (emulated) { /* the last one found: to the front */
		best = out->at[n - 1];
		memmove(&out->at[1], &out->at[0], (n - 1) * sizeof(out->at[0]));
		out->at[0] = best;
	}
}

const char *code__import(const struct elfimg *img, uint64_t vaddr)
{
	struct code code;
	struct walk *w = open_walk(img, &code);
	const char *name = w ? stub_symbol(w, vaddr) : NULL;

	close_walk(w);
	return name;
}

bool code__reaches(const struct code *code, uint64_t vaddr)
{
	size_t i;

	for (i = 0; i < code->n_targets; i++)
		if (code->targets[i] == vaddr)
			return true;
	return false;
}
