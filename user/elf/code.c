/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/arch.h"
#include "elf/decoder.h"
#include "elf/elfimg.h"

#define MAX_INSNS 8192
#define MAX_WORK 512 /* branch targets waiting to be followed */
#define MAX_STUB 5   /* instructions of one in .plt, with a landing pad */

struct walk {
	const struct elfimg *img;
	struct decoder *decoder;
	struct code *out;
	uint64_t work[MAX_WORK];
	size_t n_work;
	uint64_t *seen; /* addresses of decoded instructions, sorted */
	size_t n_seen;
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

/* What the stub at addr leads to; NULL: there is none. */
static const char *stub_symbol(struct walk *w, uint64_t addr)
{
	const struct arch *arch = decoder__arch(w->decoder);
	const cs_insn *in;
	uint64_t slot;
	size_t i;

	for (i = 0; i < MAX_STUB; i++) {
		in = decoder__at(w->decoder, addr);
		if (!in)
			return NULL;
		if (arch->slot_jump(w->decoder, in, &slot))
			return elfimg__slot_symbol(w->img, slot);
		if (!arch->leads_stub(in))
			return NULL;
		addr += in->size;
	}
	return NULL;
}

static bool calls_noreturn(struct walk *w, uint64_t addr)
{
	const char *name = stub_symbol(w, addr);

	return name && decoder__is_noreturn(name);
}

/*
 * One instruction. Returns 1 when the next one follows it, 0 when control does not go on there, or
 * negative errno. Calls are taken to return: past one that does not, other code may be taken for
 * this function's, which only costs a probe too many.
 */
static int follow(struct walk *w, const cs_insn *in)
{
	const struct arch *arch = decoder__arch(w->decoder);
	struct arch_flow flow;
	uint64_t slot;
	int err;

	arch->flow(decoder__capstone(w->decoder), in, &flow);
	switch (flow.step) {
	case STEP_NEXT:
	case STEP_BARRIER:
		return 1;
	case STEP_STOP:
		return 0;
	case STEP_RETURN:
		if (w->out->n_returns == CODE_MAX_RETURNS)
			return -ENOTSUP;
		w->out->returns[w->out->n_returns++] = in->address;
		return 0;
	case STEP_CALL:
		if (!flow.direct) {
			w->out->calls_pointer = true;
			return 1;
		}
		err = add_target(w, flow.target, true);
		return err ? err : !calls_noreturn(w, flow.target);
	case STEP_JUMP:
	case STEP_BRANCH:
		if (!flow.direct && !(arch->slot_jump(w->decoder, in, &slot) &&
				      elfimg__slot_target(w->img, slot, &flow.target)))
			return -ENOTSUP;
		err = add_target(w, flow.target, false);
		if (!err)
			err = add_work(w, flow.target);
		return err ? err : flow.step == STEP_BRANCH;
	}
	return -ENOTSUP;
}

static int run(struct walk *w)
{
	const cs_insn *in;
	uint64_t addr;
	int more;

	while (w->n_work) {
		addr = w->work[--w->n_work];
		do {
			if (!see(w, addr))
				break;
			if (w->n_seen >= MAX_INSNS)
				return -ENOTSUP;
			in = decoder__at(w->decoder, addr);
			if (!in)
				return -EINVAL;
			addr += in->size;
			more = follow(w, in);
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
	decoder__free(w->decoder);
	free(w->seen);
	free(w);
}

/* NULL: no memory, or no decoder for this architecture. */
static struct walk *open_walk(const struct elfimg *img, struct code *out)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->img = img;
	w->out = out;
	w->seen = calloc(MAX_INSNS + 1, sizeof(*w->seen));
	w->decoder = decoder__new(img);
	if (!w->seen || !w->decoder) {
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

/* Is the place behind it as good as the one before? */
static bool is_harmless(struct walk *w, const cs_insn *in, unsigned int args)
{
	const struct arch *arch = decoder__arch(w->decoder);
	csh capstone = decoder__capstone(w->decoder);
	struct arch_flow flow;

	arch->flow(capstone, in, &flow);
	return flow.step == STEP_NEXT && arch->keeps(capstone, in, args);
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
	const cs_insn *in;
	uint64_t addr = vaddr, best = vaddr;
	bool emulated = false;
	const char *why = "none of its first instructions is one that the kernel emulates";
	size_t n;

	*out = (struct code_points){.at = {vaddr}, .n = 1};
	for (n = 0; w && n < CODE_MAX_POINTS && !emulated; n++) {
		in = decoder__at(w->decoder, addr);
		if (!in) {
			why = n ? "its first instructions cannot all be decoded"
				: "its first instruction cannot be decoded";
			break;
		}
		out->at[n] = addr;
		out->n = n + 1;
		emulated = decoder__is_emulated(w->decoder, in);
		if (!emulated && !is_harmless(w, in, args)) {
			n++;
			break;
		}
		addr += in->size;
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
