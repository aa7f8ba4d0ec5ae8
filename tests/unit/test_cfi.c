/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind tables from call frame information made by hand: what each instruction does, and how
 * functions become a table. Broken input: test_cfi_broken.c; real files: test_cfi_readelf.c.
 */
#include <errno.h>

#include "cfi_make.h"

/* One function at TEXT with these instructions, 0x100 bytes long. */
static struct built function(const char *aug, const uint8_t *insns, size_t n)
{
	struct out o = {0};
	struct built b;

	fde(&o, cie(&o, aug, BYTES(USUAL)), TEXT, 0x100, insns, n);
	b = build(&o, NULL);
	free(o.p);
	return b;
}

/* CHECK_ROWS of it; the last row is always the end. */
#define CHECK_FUNCTION(insns, ...)                                                                 \
	do {                                                                                       \
		struct built b_ = function("zR", insns);                                           \
		CHECK_ROWS(&b_, __VA_ARGS__, {TEXT + 0x100, 0, UNWIND_END, 0});                    \
		free(b_.rows);                                                                     \
	} while (0)

static void frame_pointer_function(void)
{
	CHECK_FUNCTION(BYTES(DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset | 6,
			     2, DW_CFA_advance_loc | 3, DW_CFA_def_cfa_register, 6,
			     DW_CFA_advance_loc1, 0x80, DW_CFA_def_cfa, 7, 8),
		       {TEXT, 1, UNWIND_SP, 0}, {TEXT + 1, 2, UNWIND_SP, 2},
		       {TEXT + 4, 2, UNWIND_FP, 2}, {TEXT + 0x84, 1, UNWIND_SP, 2});
}

static void locations(void)
{
	CHECK_FUNCTION(BYTES(DW_CFA_advance_loc2, 0x10, 0, DW_CFA_def_cfa_offset, 16,
			     DW_CFA_advance_loc4, 0x20, 0, 0, 0, DW_CFA_def_cfa_offset, 24,
			     DW_CFA_advance_loc1, 8, DW_CFA_nop, DW_CFA_GNU_args_size, 0x80, 1),
		       {TEXT, 1, UNWIND_SP, 0}, {TEXT + 0x10, 2, UNWIND_SP, 0},
		       {TEXT + 0x30, 3, UNWIND_SP, 0});
	/* Nothing changes; and what comes behind the end of the function says nothing. */
	CHECK_FUNCTION(BYTES(DW_CFA_advance_loc | 16, DW_CFA_def_cfa_offset, 8, DW_CFA_advance_loc2,
			     0, 1, DW_CFA_def_cfa_offset, 16),
		       {TEXT, 1, UNWIND_SP, 0});
}

static void set_loc(void)
{
	struct out o = {.debug = true};
	struct built b;
	size_t c = cie(&o, "", BYTES(USUAL));

	fde(&o, c, TEXT, 0x100,
	    BYTES(DW_CFA_set_loc, 0x40, TEXT >> 8, 0, 0, 0, 0, 0, 0, DW_CFA_def_cfa_offset, 16));
	b = build(&o, NULL);
	CHECK_ROWS(&b, {TEXT, 1, UNWIND_SP, 0}, {TEXT + 0x40, 2, UNWIND_SP, 0},
		   {TEXT + 0x100, 0, UNWIND_END, 0});
	drop(&b, &o);

	/* back to the start */
	o.debug = true;
	c = cie(&o, "", BYTES(USUAL));
	fde(&o, c, TEXT, 0x100,
	    BYTES(DW_CFA_advance_loc | 1, DW_CFA_set_loc, 0, TEXT >> 8, 0, 0, 0, 0, 0, 0));
	b = build(&o, NULL);
	CHECK_EQ(b.err, -EBADMSG);
	drop(&b, &o);
}

static void remember_and_restore(void)
{
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 16, DW_CFA_offset | 6, 2, DW_CFA_remember_state,
			     DW_CFA_advance_loc | 4, DW_CFA_def_cfa_offset, 8, DW_CFA_restore | 6,
			     DW_CFA_advance_loc | 4, DW_CFA_restore_state, DW_CFA_advance_loc | 4,
			     DW_CFA_restore_extended, 6),
		       {TEXT, 2, UNWIND_SP, 2}, {TEXT + 4, 1, UNWIND_SP, 0},
		       {TEXT + 8, 2, UNWIND_SP, 2}, {TEXT + 12, 2, UNWIND_SP, 0});
}

static void signed_and_extended(void)
{
	/* def_cfa_sf: rbp, -3 * -8; rbp at 4 * -8; both once more in other words */
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_sf, 6, 0x7d, DW_CFA_offset_extended, 6, 4,
			     DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset_sf, 0x7c,
			     DW_CFA_offset_extended_sf, 6, 5),
		       {TEXT, 3, UNWIND_FP, 4}, {TEXT + 1, 4, UNWIND_FP, 5});
	CHECK_FUNCTION(BYTES(DW_CFA_same_value, 6, DW_CFA_offset | 3, 9, DW_CFA_offset_extended, 12,
			     9, DW_CFA_register, 3, 8, DW_CFA_val_expression, 12, 1, DW_OP_nop,
			     DW_CFA_expression, 13, 1, DW_OP_nop),
		       {TEXT, 1, UNWIND_SP, 0});
}

static void limits_of_a_row(void)
{
	/* 255 slots; one more; above the CFA; half a slot */
	CHECK_FUNCTION(BYTES(DW_CFA_offset | 6, 0xff, 0x01), {TEXT, 1, UNWIND_SP, 255});
	CHECK_FUNCTION(BYTES(DW_CFA_offset | 6, 0x80, 0x02), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_offset_extended_sf, 6, 0x7f), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 12), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	/* 65535 * 8; 65536 * 8; 16 * 65536 * 8 - 8 with a slot of 15; one more of either */
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 0xf8, 0xff, 0x1f), {TEXT, 65535, UNWIND_SP, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x20),
		       {TEXT, 0, UNWIND_SP_FAR, 0x10});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 0xf8, 0xff, 0xff, 0x03, DW_CFA_offset | 6, 15),
		       {TEXT, 65535, UNWIND_SP_FAR, 0xff});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x04),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x20, DW_CFA_offset | 6, 16),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa, 6, 0x80, 0x80, 0x20),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	/* -8 below rsp; 2^63 above; -2^63 * -8 */
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset_sf, 1), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
			     0x80, 1),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_offset_extended_sf, 6, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
			     0x80, 0x80, 0x7f),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
}

/* Offsets that wrap around to something that looks right, or are half a slot. */
static void odd_offsets(void)
{
	struct out o = {.align = -4};
	struct built b;

	/* (2^61 + 1) * -8 */
	CHECK_FUNCTION(BYTES(DW_CFA_offset_extended_sf, 6, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
			     0x80, 0x20),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_offset_sf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			     0xff, 0x5f),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	fde(&o, cie(&o, "zR", BYTES(DW_CFA_def_cfa, 7, 8, DW_CFA_offset | 16, 2)), TEXT, 0x100,
	    BYTES(DW_CFA_offset | 6, 4, DW_CFA_advance_loc | 1, DW_CFA_offset | 6, 5));
	b = build(&o, NULL);
	CHECK_ROWS(&b, {TEXT, 1, UNWIND_SP, 2}, {TEXT + 1, 0, UNWIND_UNSUPPORTED, 0},
		   {TEXT + 0x100, 0, UNWIND_END, 0});
	drop(&b, &o);
}

/*
 * Half a rule behind an expression: as libgcc and readelf have it, a register ends the expression
 * and an offset does not, but is kept.
 */
static void half_a_cfa(void)
{
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_expression, 2, DW_OP_breg7, 8, DW_CFA_advance_loc | 1,
			     DW_CFA_def_cfa_offset, 24, DW_CFA_advance_loc | 1,
			     DW_CFA_def_cfa_register, 6, DW_CFA_advance_loc | 1, DW_CFA_def_cfa, 7,
			     16),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0}, {TEXT + 2, 3, UNWIND_FP, 0},
		       {TEXT + 3, 2, UNWIND_SP, 0});
}

static void other_kinds(void)
{
	/* rbx + 16; the return address in rdi; at another place; the caller's rsp is not the CFA */
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa, 3, 16), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_register, 16, 5), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_offset | 16, 2), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_offset | 7, 2), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_val_offset, 6, 2), {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_undefined, 16), {TEXT, 0, UNWIND_BOTTOM, 0});
	/* .plt */
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, DW_OP_breg16, 0,
			     DW_OP_lit15, DW_OP_and, DW_OP_lit10, DW_OP_ge, DW_OP_lit3, DW_OP_shl,
			     DW_OP_plus),
		       {TEXT, 10, UNWIND_PLT, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, DW_OP_breg16, 0,
			     DW_OP_lit15, DW_OP_and, DW_OP_dup, DW_OP_ge, DW_OP_lit3, DW_OP_shl,
			     DW_OP_plus),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
	/* A realigned stack: as gcc has it, and without rbp's place */
	CHECK_FUNCTION(BYTES(DW_CFA_expression, 6, 2, DW_OP_breg6, 0, DW_CFA_def_cfa_expression, 3,
			     DW_OP_breg6, 0x58, DW_OP_deref),
		       {TEXT, 5, UNWIND_FP_DEREF, 0});
	CHECK_FUNCTION(BYTES(DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x58, DW_OP_deref),
		       {TEXT, 0, UNWIND_UNSUPPORTED, 0});
}

static void signal_frame(void)
{
	struct out o = {0};
	struct built b;

	b = function("zRS", sigframe, sizeof(sigframe));
	CHECK_ROWS(&b, {TEXT, 0, UNWIND_SIGNAL, 0}, {TEXT + 0x100, 0, UNWIND_END, 0});
	free(b.rows);
	/* Somebody else's signal frame; the kernel's, not marked as one. */
	b = function("zRS", BYTES(DW_CFA_nop));
	CHECK_ROWS(&b, {TEXT, 0, UNWIND_UNSUPPORTED, 0}, {TEXT + 0x100, 0, UNWIND_END, 0});
	free(b.rows);
	b = function("zR", sigframe, sizeof(sigframe));
	CHECK_ROWS(&b, {TEXT, 0, UNWIND_UNSUPPORTED, 0}, {TEXT + 0x100, 0, UNWIND_END, 0});
	drop(&b, &o);
}

static void neighbours_and_gaps(void)
{
	struct out o = {0};
	struct built b;
	size_t c = cie(&o, "zR", BYTES(USUAL));

	/* not in order; the first two touch and say the same; terminators in between */
	fde(&o, c, TEXT + 0x40, 0x10, BYTES(DW_CFA_nop));
	u32(&o, 0);
	fde(&o, c, TEXT, 0x10, BYTES(DW_CFA_nop));
	fde(&o, c, TEXT + 0x10, 0x10, BYTES(DW_CFA_nop));
	fde(&o, c, TEXT + 0x80, 0, BYTES(DW_CFA_nop)); /* empty */
	u32(&o, 0);
	b = build(&o, NULL);
	CHECK_ROWS(&b, {TEXT, 1, UNWIND_SP, 0}, {TEXT + 0x20, 0, UNWIND_END, 0},
		   {TEXT + 0x40, 1, UNWIND_SP, 0}, {TEXT + 0x50, 0, UNWIND_END, 0});
	CHECK_EQ(b.info.n_fdes, 3);
	CHECK_EQ(b.info.kinds[UNWIND_SP], 2);
	CHECK_EQ(b.info.kinds[UNWIND_END], 2);
	CHECK_EQ(b.info.bytes, o.n);
	drop(&b, &o);
}

static void overlaps(void)
{
	struct out o = {0};
	struct built b;
	size_t c = cie(&o, "zR", BYTES(USUAL));

	/* A has [0, 20); B [10, 30) with a row at 18 and one at 28; C inside of A; D as A, later */
	fde(&o, c, TEXT + 0x10, 0x20,
	    BYTES(DW_CFA_def_cfa_offset, 16, DW_CFA_advance_loc | 8, DW_CFA_def_cfa_offset, 24,
		  DW_CFA_advance_loc | 16, DW_CFA_def_cfa_offset, 32));
	fde(&o, c, TEXT, 0x20, BYTES(DW_CFA_nop));
	fde(&o, c, TEXT + 4, 8, BYTES(DW_CFA_def_cfa_offset, 48));
	fde(&o, c, TEXT, 0x20, BYTES(DW_CFA_def_cfa_offset, 56));
	b = build(&o, NULL);
	CHECK_ROWS(&b, {TEXT, 1, UNWIND_SP, 0}, {TEXT + 0x20, 3, UNWIND_SP, 0},
		   {TEXT + 0x28, 4, UNWIND_SP, 0}, {TEXT + 0x30, 0, UNWIND_END, 0});
	CHECK_EQ(b.info.n_overlaps, 3);
	CHECK_EQ(b.info.n_fdes, 2);
	drop(&b, &o);
}

static void outside_the_code(void)
{
	struct out o = {0};
	struct built b;
	size_t c = cie(&o, "zR", BYTES(USUAL));

	fde(&o, c, 0, 0x20, BYTES(DW_CFA_nop)); /* removed by the linker */
	fde(&o, c, FRAME, 0x20, BYTES(DW_CFA_nop));
	fde(&o, c, TEXT_END - 0x10, 0x40, BYTES(DW_CFA_nop));
	b = build(&o, NULL);
	CHECK_ROWS(&b, {TEXT_END - 0x10, 1, UNWIND_SP, 0}, {TEXT_END, 0, UNWIND_END, 0});
	CHECK_EQ(b.info.n_skipped, 2);
	drop(&b, &o);

	c = cie(&o, "zR", BYTES(USUAL));
	fde(&o, c, 0, 0x20, BYTES(DW_CFA_nop));
	b = build(&o, NULL);
	CHECK_EQ(b.err, -ENODATA);
	CHECK(!b.rows);
	drop(&b, &o);
}

static void debug_frame_fills(void)
{
	struct out eh = {0}, debug = {.debug = true}, wide = {.debug = true, .wide = true};
	struct built b;
	size_t c = cie(&eh, "zR", BYTES(USUAL));

	fde(&eh, c, TEXT + 0x20, 0x20, BYTES(DW_CFA_nop));
	c = cie(&debug, "", BYTES(USUAL));
	fde(&debug, c, TEXT + 0x60, 0x10, BYTES(DW_CFA_def_cfa_offset, 32));
	fde(&debug, c, TEXT, 0x20, BYTES(DW_CFA_def_cfa_offset, 16));
	fde(&debug, c, TEXT + 0x10, 0x20, BYTES(DW_CFA_def_cfa_offset, 24));
	fde(&debug, c, TEXT + 0x3f, 0x20, BYTES(DW_CFA_def_cfa_offset, 24));
	fde(&debug, c, UINT64_MAX, 0x20, BYTES(DW_CFA_nop));
	b = build(&eh, &debug);
	CHECK_ROWS(&b, {TEXT, 2, UNWIND_SP, 0}, {TEXT + 0x20, 1, UNWIND_SP, 0},
		   {TEXT + 0x40, 0, UNWIND_END, 0}, {TEXT + 0x60, 4, UNWIND_SP, 0},
		   {TEXT + 0x70, 0, UNWIND_END, 0});
	CHECK_EQ(b.info.n_overlaps, 2);
	CHECK_EQ(b.info.n_skipped, 1);
	free(b.rows);
	b = build(&debug, NULL);
	CHECK_EQ(b.err, 0);
	drop(&b, &debug);
	free(eh.p);

	c = cie(&wide, "", BYTES(USUAL));
	fde(&wide, c, TEXT, 0x20, BYTES(DW_CFA_def_cfa_offset, 16));
	b = build(&wide, NULL);
	CHECK_ROWS(&b, {TEXT, 2, UNWIND_SP, 0}, {TEXT + 0x20, 0, UNWIND_END, 0});
	drop(&b, &wide);

	wide = (struct out){.wide = true};
	c = cie(&wide, "zR", BYTES(USUAL));
	fde(&wide, c, TEXT, 0x20, BYTES(DW_CFA_def_cfa_offset, 16));
	b = build(&wide, NULL);
	CHECK_ROWS(&b, {TEXT, 2, UNWIND_SP, 0}, {TEXT + 0x20, 0, UNWIND_END, 0});
	drop(&b, &wide);
}

/* Formats and instructions that we do not know: that code has no table, the rest has. */
static void unknown_is_left_out(void)
{
	struct out o = {0};
	struct built b;
	size_t good = cie(&o, "zR", BYTES(USUAL)), eh = cie(&o, "eh", BYTES(USUAL)),
	       q = cie(&o, "zRQ", BYTES(USUAL)), odd = cie(&o, "zR", BYTES(USUAL, 0x3c));

	fde(&o, eh, TEXT, 0x10, BYTES(DW_CFA_nop));
	fde(&o, q, TEXT + 0x10, 0x10, BYTES(DW_CFA_nop));
	fde(&o, odd, TEXT + 0x20, 0x10, BYTES(DW_CFA_nop));
	fde(&o, good, TEXT + 0x30, 0x10,
	    BYTES(DW_CFA_advance_loc | 4, 0x3c, DW_CFA_advance_loc | 8));
	fde(&o, good, TEXT + 0x40, 0x10, BYTES(DW_CFA_nop));
	b = build(&o, NULL);
	CHECK_ROWS(&b, {TEXT + 0x30, 1, UNWIND_SP, 0}, {TEXT + 0x34, 0, UNWIND_UNSUPPORTED, 0},
		   {TEXT + 0x40, 1, UNWIND_SP, 0}, {TEXT + 0x50, 0, UNWIND_END, 0});
	CHECK_EQ(b.info.n_skipped, 3);
	CHECK_EQ(b.info.n_undecoded, 1);
	drop(&b, &o);
}

static void too_deep(void)
{
	uint8_t insns[64];
	struct built b;

	memset(insns, DW_CFA_remember_state, sizeof(insns));
	b = function("zR", insns, CFI_MAX_REMEMBER);
	CHECK_EQ(b.info.n_undecoded, 0);
	free(b.rows);
	b = function("zR", insns, sizeof(insns));
	CHECK_ROWS(&b, {TEXT, 0, UNWIND_UNSUPPORTED, 0}, {TEXT + 0x100, 0, UNWIND_END, 0});
	CHECK_EQ(b.info.n_undecoded, 1);
	free(b.rows);
}

int main(void)
{
#if defined(__x86_64__)
	RUN(frame_pointer_function);
	RUN(locations);
	RUN(set_loc);
	RUN(remember_and_restore);
	RUN(signed_and_extended);
	RUN(limits_of_a_row);
	RUN(odd_offsets);
	RUN(half_a_cfa);
	RUN(other_kinds);
	RUN(signal_frame);
	RUN(neighbours_and_gaps);
	RUN(overlaps);
	RUN(outside_the_code);
	RUN(debug_frame_fills);
	RUN(unknown_is_left_out);
	RUN(too_deep);
#else
	printf("SKIP test_cfi.c: x86-64 only\n");
#endif
	return check_done();
}
