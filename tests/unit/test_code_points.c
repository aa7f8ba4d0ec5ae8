/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a function may be probed: heads of functions written byte by byte. */
#include "check.h"

#include <stdint.h>
#include <string.h>

#include "code_make.h"
#include "elf/code.h"

static struct code_points points;

/* POINTS(args, bytes): of a function that begins with the first byte. */
#define POINTS(args, ...)                                                                          \
	do {                                                                                       \
		const unsigned char code_[] = {__VA_ARGS__};                                       \
		struct elfimg *img_ = code_make(EM_X86_64, code_, sizeof(code_));                  \
		memset(&points, 0xff, sizeof(points));                                             \
		if (img_)                                                                          \
			code__probe_points(img_, CODE_AT, args, &points);                          \
		elfimg__free(img_);                                                                \
	} while (0)

/* The places, as distances from the entry. */
#define CHECK_POINTS(is_emulated, ...)                                                             \
	do {                                                                                       \
		const uint64_t at_[] = {__VA_ARGS__};                                              \
		CHECK_EQ(points.n, sizeof(at_) / sizeof(at_[0]));                                  \
		for (size_t i_ = 0; i_ < sizeof(at_) / sizeof(at_[0]) && i_ < points.n; i_++)      \
			CHECK_EQ(points.at[i_], CODE_AT + at_[i_]);                                \
		CHECK_EQ(points.emulated, is_emulated);                                            \
		CHECK(points.why &&*points.why);                                                   \
	} while (0)
#define CHECK_WHY(part) CHECK(points.why &&strstr(points.why, part))

#define RET 0xc3
#define NOP 0x90
#define PUSH_RBX 0x53
#define TEST_RDI 0x48, 0x85, 0xff
#define MOV_RDI_RCX 0x48, 0x89, 0xf9
#define MOV_RSI_RDI 0x48, 0x89, 0xf7
#define LOCK_INC 0xf0, 0x48, 0xff, 0x05, 0, 0, 0, 0 /* a counter */
#define MOV_EAX_3 0xb8, 3, 0, 0, 0
#define DEC_EAX 0xff, 0xc8

static void takes_what_is_emulated(void)
{
	POINTS(1, PUSH_RBX, RET);
	CHECK_POINTS(true, 0);
	POINTS(1, 0x41, 0x54, RET); /* push %r12 */
	CHECK_POINTS(true, 0);
	POINTS(1, TEST_RDI, 0x74, 0x01, NOP, RET); /* je */
	CHECK_POINTS(true, 3, 0);
	POINTS(1, TEST_RDI, 0x0f, 0x84, 1, 0, 0, 0, NOP, RET); /* je rel32 */
	CHECK_POINTS(true, 3, 0);
	POINTS(1, 0xf3, 0x0f, 0x1e, 0xfa, TEST_RDI, PUSH_RBX, RET); /* endbr64 */
	CHECK_POINTS(true, 7, 0, 4);
	/* what looks alike, and is stepped: pause, nopw, bnd jmp */
	POINTS(1, 0xf3, NOP, RET);
	CHECK_POINTS(false, 0, 2);
	POINTS(1, 0x66, 0x0f, 0x1f, 0x00, RET);
	CHECK_POINTS(false, 0, 4);
	POINTS(1, 0xf2, 0xeb, 0x00, RET);
	CHECK_POINTS(false, 0);
}

static void stops_where_arguments_change(void)
{
	POINTS(1, MOV_RSI_RDI, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
	POINTS(0, MOV_RSI_RDI, PUSH_RBX, RET);
	CHECK_POINTS(true, 3, 0);
	/* the fourth argument, when there is one */
	POINTS(4, MOV_RDI_RCX, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
	POINTS(3, MOV_RDI_RCX, PUSH_RBX, RET);
	CHECK_POINTS(true, 3, 0);
	/* before that it is as good as the entry */
	POINTS(1, TEST_RDI, MOV_RSI_RDI, PUSH_RBX, RET);
	CHECK_POINTS(false, 0, 3);
	/* sub $8, %rsp; mov %rsp, %rbp; an inner part: mov $1, %dil */
	POINTS(1, 0x48, 0x83, 0xec, 0x08, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
	POINTS(1, 0x48, 0x89, 0xe5, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
	POINTS(1, 0x40, 0xb7, 0x01, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
	/* mul %rdx changes rdx, the third, without naming it */
	POINTS(3, TEST_RDI, 0x48, 0xf7, 0xe2, PUSH_RBX, RET);
	CHECK_POINTS(false, 0, 3);
	POINTS(2, TEST_RDI, 0x48, 0xf7, 0xe2, PUSH_RBX, RET);
	CHECK_POINTS(true, 6, 0, 3);
	/* syscall and int change more than they say */
	POINTS(1, 0x0f, 0x05, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
	POINTS(1, 0xcd, 0x80, PUSH_RBX, RET);
	CHECK_POINTS(false, 0);
}

static void stays_out_of_loops(void)
{
	/* mov $3, %eax; 1: nop; dec %eax; jne 1b; ret */
	POINTS(1, MOV_EAX_3, NOP, DEC_EAX, 0x75, 0xfb, RET);
	CHECK_POINTS(false, 0);
	CHECK_WHY("jumps behind its first instruction");
	/* test; mov $3, %eax; 1: nop; dec %eax; jne 1b: what comes before the loop is good */
	POINTS(1, TEST_RDI, MOV_EAX_3, NOP, DEC_EAX, 0x75, 0xfb, RET);
	CHECK_POINTS(false, 0, 3);
	/* to the entry itself: each time round is a call */
	POINTS(1, TEST_RDI, 0x74, 0xfb, RET);
	CHECK_POINTS(true, 3, 0);
	/* from far away: test; je +1; ret; jmp to behind the test */
	POINTS(1, TEST_RDI, 0x74, 0x01, RET, 0xeb, 0xfb);
	CHECK_POINTS(false, 0);
	/* a jump behind the place does no harm: test; je 1f; nop; 1: ret */
	POINTS(1, TEST_RDI, 0x74, 0x01, NOP, RET);
	CHECK_POINTS(true, 3, 0);
}

static void distrusts_what_it_cannot_follow(void)
{
	POINTS(1, TEST_RDI, PUSH_RBX, 0xff, 0xe0); /* jmp *%rax */
	CHECK_POINTS(false, 0);
	CHECK_WHY("cannot be followed");
	POINTS(1, TEST_RDI, PUSH_RBX, 0xeb, 0x70); /* out of the segment */
	CHECK_POINTS(false, 0);
	CHECK_WHY("cannot be followed");
	/* at its entry nothing has to be followed */
	POINTS(1, PUSH_RBX, 0xff, 0xe0);
	CHECK_POINTS(true, 0);
}

static void survives_junk(void)
{
	struct elfimg *img;
	unsigned char byte = RET;

	POINTS(1, 0x06, 0x06, 0x06); /* no instruction in 64-bit mode */
	CHECK_POINTS(false, 0);
	CHECK_WHY("first instruction cannot be decoded");
	POINTS(1, TEST_RDI, 0x06, 0x06);
	CHECK_POINTS(false, 0);
	POINTS(1, 0x48, 0x81); /* the segment ends within the instruction */
	CHECK_POINTS(false, 0);
	CHECK_WHY("cannot be decoded");
	POINTS(1, 0x48);
	CHECK_POINTS(false, 0);
	/* prefixes without end */
	POINTS(1, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	       0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, NOP, RET);
	CHECK_EQ(points.n, 1);

	/* not in the image at all */
	img = code_make(EM_X86_64, &byte, 1);
	if (img) {
		static const uint64_t far[] = {0, CODE_AT - 1, CODE_AT + 1, UINT64_MAX};

		for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
			code__probe_points(img, far[i], 1, &points);
			CHECK_EQ(points.n, 1);
			CHECK_EQ(points.at[0], far[i]);
			CHECK(!points.emulated);
		}
	}
	elfimg__free(img);
}

static void offers_others_for_a_refusal(void)
{
	POINTS(1, LOCK_INC, MOV_EAX_3, MOV_RSI_RDI, RET);
	CHECK_POINTS(false, 0, 8, 13);
	POINTS(1, LOCK_INC, PUSH_RBX, RET);
	CHECK_POINTS(true, 8, 0);
}

/* Harmless instructions without end are not looked at without end. */
static void has_its_limit(void)
{
	unsigned char code[3 * 1000];
	struct elfimg *img;

	for (size_t i = 0; i < sizeof(code); i += 3)
		memcpy(code + i, (unsigned char[]){TEST_RDI}, 3);
	code[sizeof(code) - 3] = RET;
	img = code_make(EM_X86_64, code, sizeof(code));
	if (img)
		code__probe_points(img, CODE_AT, 1, &points);
	CHECK_EQ(points.n, CODE_MAX_POINTS);
	CHECK(!points.emulated);
	CHECK_EQ(points.at[CODE_MAX_POINTS - 1], CODE_AT + 3 * (CODE_MAX_POINTS - 1));
	elfimg__free(img);
}

/* Random bytes: whatever is offered lies behind the entry, in order, and the entry is among it. */
static void survives_random_bytes(void)
{
	unsigned char code[64];
	uint64_t random = 88172645463325252ull;

	for (int round = 0; round < 3000; round++) {
		struct elfimg *img;
		bool has_entry = false;

		for (size_t i = 0; i < sizeof(code); i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			code[i] = (unsigned char)(random >> 32);
		}
		img = code_make(EM_X86_64, code, sizeof(code));
		if (!img)
			break;
		code__probe_points(img, CODE_AT, (unsigned int)round % 6, &points);
		CHECK(points.n >= 1 && points.n <= CODE_MAX_POINTS);
		for (size_t i = 0; i < points.n && i < CODE_MAX_POINTS; i++) {
			has_entry |= points.at[i] == CODE_AT;
			CHECK(points.at[i] >= CODE_AT && points.at[i] < CODE_AT + sizeof(code));
		}
		CHECK(has_entry);
		elfimg__free(img);
	}
}

int main(void)
{
	RUN(takes_what_is_emulated);
	RUN(stops_where_arguments_change);
	RUN(stays_out_of_loops);
	RUN(distrusts_what_it_cannot_follow);
	RUN(offers_others_for_a_refusal);
	RUN(has_its_limit);
	RUN(survives_junk);
	RUN(survives_random_bytes);
	return check_done();
}
