/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a function of arm64 may be probed: code as words, from an assembler; run anywhere. */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "code_make.h"
#include "elf/code.h"

#define NOP 0xd503201f
#define BTI_C 0xd503245f
#define PACIASP 0xd503233f
#define PUSH_FRAME 0xa9be7bfd /* stp x29, x30, [sp, #-32]! */
#define MOV_X29_SP 0x910003fd
#define MOV_X9_X0 0xaa0003e9
#define MOV_X0_X1 0xaa0103e0
#define MOV_W1_3 0x52800061
#define MOV_X30_X9 0xaa0903fe
#define SUB_SP 0xd10043ff
#define CMP_X0 0xf100001f
#define STR_X0_SP 0xf90007e0
#define LDR_X8_X0 0xf9400008
#define LDR_X9_X0_POST 0xf8408409 /* ldr x9, [x0], #8: writes x0 */
#define LDP_X0_X1_X9 0xa9400520
#define LDXR_X8_X0 0xc85f7c08
#define MRS_X9_TLS 0xd53bd049
#define SVC 0xd4000001
#define BRK 0xd4200020
#define UDF 0
#define ADRP_X8 0xb0000008
#define ADR_X8 0x10000008
#define CBZ_X0_8 0xb4000040
#define CBNZ_W2_BACK4 0x35ffffe2
#define TBZ_W0_8 0x36180040
#define TBNZ_X0_8 0xb7180040
#define B_EQ_8 0x54000040
#define BC_EQ_8 0x54000050
#define B_8 0x14000002
#define B_BACK8 0x17fffffe
#define BL_8 0x94000002
#define BR_X17 0xd61f0220
#define BLR_X8 0xd63f0100
#define BLRAA 0xd73f0909
#define RETAA 0xd65f0bff
#define RET 0xd65f03c0

static struct code_points points;
static struct code code;
static int explored;

/* Both for a function that begins with the first word. */
#define LOOK(args, ...)                                                                            \
	do {                                                                                       \
		const uint32_t words_[] = {__VA_ARGS__};                                           \
		struct elfimg *img_ = code_make(EM_AARCH64, words_, sizeof(words_));               \
		memset(&points, 0xff, sizeof(points));                                             \
		if (img_) {                                                                        \
			code__probe_points(img_, CODE_AT, args, &points);                          \
			explored = code__explore(img_, CODE_AT, &code);                            \
		}                                                                                  \
		elfimg__free(img_);                                                                \
	} while (0)

/* The places, as distances from the entry in instructions. */
#define CHECK_POINTS(is_emulated, ...)                                                             \
	do {                                                                                       \
		const uint64_t at_[] = {__VA_ARGS__};                                              \
		CHECK_EQ(points.n, sizeof(at_) / sizeof(at_[0]));                                  \
		for (size_t i_ = 0; i_ < sizeof(at_) / sizeof(at_[0]) && i_ < points.n; i_++)      \
			CHECK_EQ(points.at[i_], CODE_AT + 4 * at_[i_]);                            \
		CHECK_EQ(points.emulated, is_emulated);                                            \
	} while (0)

static void takes_what_is_emulated(void)
{
	LOOK(1, NOP, RET);
	CHECK_POINTS(true, 0);
	LOOK(1, BTI_C, PACIASP, CMP_X0, ADRP_X8, RET); /* pacia x30: the return address changes */
	CHECK_POINTS(false, 0, 1);
	LOOK(1, BTI_C, CMP_X0, ADRP_X8, RET);
	CHECK_POINTS(true, 2, 0, 1);
	LOOK(1, MOV_X9_X0, ADR_X8, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, CBZ_X0_8, RET, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, TBZ_W0_8, RET, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, TBNZ_X0_8, RET, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, B_EQ_8, RET, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, B_8, RET, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, BL_8, RET, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, BLR_X8, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, CMP_X0, RET);
	CHECK_POINTS(true, 1, 0);
	/* what looks alike, and is refused: the fall-back comes before it */
	LOOK(1, CMP_X0, BC_EQ_8, RET, RET);
	CHECK_POINTS(false, 0, 1);
	LOOK(1, CMP_X0, BLRAA, RET);
	CHECK_POINTS(false, 0, 1);
	LOOK(1, CMP_X0, RETAA);
	CHECK_POINTS(false, 0, 1);
}

static void stops_where_something_changes(void)
{
	LOOK(0, PUSH_FRAME, NOP, RET); /* sp */
	CHECK_POINTS(false, 0);
	LOOK(0, SUB_SP, NOP, RET);
	CHECK_POINTS(false, 0);
	LOOK(0, MOV_X29_SP, NOP, RET);
	CHECK_POINTS(false, 0);
	LOOK(0, MOV_X30_X9, NOP, RET); /* the return address */
	CHECK_POINTS(false, 0);
	LOOK(0, STR_X0_SP, LDR_X8_X0, MRS_X9_TLS, NOP, RET);
	CHECK_POINTS(true, 3, 0, 1, 2);
	/* arguments, as far as there are any */
	LOOK(1, MOV_X0_X1, NOP, RET);
	CHECK_POINTS(false, 0);
	LOOK(0, MOV_X0_X1, NOP, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(2, MOV_W1_3, NOP, RET);
	CHECK_POINTS(false, 0);
	LOOK(1, MOV_W1_3, NOP, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(1, LDR_X9_X0_POST, NOP, RET);
	CHECK_POINTS(false, 0);
	LOOK(0, LDR_X9_X0_POST, NOP, RET);
	CHECK_POINTS(true, 1, 0);
	LOOK(2, LDP_X0_X1_X9, NOP, RET);
	CHECK_POINTS(false, 0);
	/* the kernel may change anything; an exclusive load must reach its store */
	LOOK(0, SVC, NOP, RET);
	CHECK_POINTS(false, 0);
	LOOK(0, LDXR_X8_X0, NOP, RET);
	CHECK_POINTS(false, 0);
}

static void follows_jumps(void)
{
	/* cmp; 1: mov w1, #3; nop; b 1b: what follows the cmp is reached again without a call */
	LOOK(1, CMP_X0, MOV_W1_3, NOP, B_BACK8);
	CHECK_POINTS(false, 0);
	CHECK(strstr(points.why, "jumps behind its first instruction"));
	LOOK(1, MOV_X9_X0, MOV_X9_X0, CBNZ_W2_BACK4, RET);
	CHECK_POINTS(false, 0);
	LOOK(1, MOV_X9_X0, BR_X17); /* who knows where */
	CHECK_EQ(explored, -ENOTSUP);
	CHECK_POINTS(false, 0);
	CHECK(strstr(points.why, "cannot be followed"));

	LOOK(1, CBZ_X0_8, BL_8, RET, BLR_X8, RETAA);
	CHECK_EQ(explored, 0);
	CHECK_EQ(code.n_returns, 1);
	CHECK_EQ(code.returns[0], CODE_AT + 8);
	CHECK_EQ(code.n_targets, 2);
	CHECK(code__reaches(&code, CODE_AT + 8) && code__reaches(&code, CODE_AT + 12));
	CHECK(!code.called[0] && code.called[1]);
	CHECK(!code.calls_pointer);
	LOOK(1, BLR_X8, B_EQ_8, BRK, TBZ_W0_8, UDF, RETAA);
	CHECK_EQ(explored, 0);
	CHECK_EQ(code.n_returns, 1);
	CHECK_EQ(code.returns[0], CODE_AT + 20);
	CHECK(code.calls_pointer);
	/* an instruction of which the decoder has not heard is passed over */
	LOOK(1, 0x1d000400 /* cpyfm */, CMP_X0, RET);
	CHECK_EQ(explored, 0);
	CHECK_EQ(code.n_returns, 1);
}

static void survives_junk(void)
{
	uint32_t words[16];
	uint64_t random = 88172645463325252ull;
	struct elfimg *img;

	img = code_make(EM_AARCH64, "\x1f\x20\x03", 3);
	if (img) {
		static const uint64_t far[] = {0, CODE_AT - 4, CODE_AT + 1, UINT64_MAX};

		for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
			code__probe_points(img, far[i], 1, &points);
			CHECK_EQ(points.n, 1);
			CHECK_EQ(points.at[0], far[i]);
			CHECK(!points.emulated);
		}
	}
	elfimg__free(img);
	for (int round = 0; round < 3000; round++) {
		bool has_entry = false;

		for (size_t i = 0; i < 16; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			words[i] = (uint32_t)(random >> 32);
		}
		img = code_make(EM_AARCH64, words, sizeof(words));
		if (!img)
			break;
		code__probe_points(img, CODE_AT, (unsigned int)round % 6, &points);
		code__import(img, CODE_AT);
		for (size_t i = 0; i < points.n && i < CODE_MAX_POINTS; i++) {
			has_entry |= points.at[i] == CODE_AT;
			CHECK(points.at[i] >= CODE_AT && points.at[i] < CODE_AT + sizeof(words));
		}
		CHECK(has_entry);
		elfimg__free(img);
	}
}

/* Only who asks for it gets an image of another machine. */
static void is_not_taken_for_ours(void)
{
#ifdef __x86_64__
	const uint16_t other = EM_AARCH64;
#else
	const uint16_t other = EM_X86_64;
#endif
	const uint32_t ret = RET;
	struct elfimg *foreign = code_make(other, &ret, sizeof(ret)), *img = NULL;

	CHECK(foreign);
	CHECK_EQ(elfimg__machine(foreign), other);
	CHECK_EQ(elfimg__open(elfimg__fd(foreign), "code", &img), -ENOTSUP);
	CHECK(!img);
	elfimg__free(foreign);
}

int main(void)
{
	RUN(takes_what_is_emulated);
	RUN(stops_where_something_changes);
	RUN(follows_jumps);
	RUN(survives_junk);
	RUN(is_not_taken_for_ours);
	return check_done();
}
