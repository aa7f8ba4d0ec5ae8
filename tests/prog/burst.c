/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * burst - what a JVM does as it starts: allocates by way of N_STACKS pieces of code that it has
 * just written, each another stack, and maps memory for itself. No event tells of such code
 * (mprotect), so the tracer gets a copy of each stack: more than it has room for, if it does not
 * come to read.
 */
#include <sys/mman.h>

#include "target.h"

#define N_STACKS 1000
#define N_MAPPINGS 100
#define PIECE 32

NOINLINE static void burst_leak(void)
{
	KEEP(malloc(24));
}

NOINLINE static void mapping_leaks(void)
{
	for (int i = 0; i < N_MAPPINGS; i++)
		KEEP(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	expect(__func__, N_MAPPINGS * 4096UL, N_MAPPINGS);
}

/* push rbp; mov rbp, rsp; mov rax, burst_leak; call rax; pop rbp; ret */
static void write_piece(unsigned char *at)
{
	static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0,    0,    0,
					     0,	   0,	 0,    0,    0,	   0xff, 0xd0, 0x5d, 0xc3};
	void (*function)(void) = burst_leak;

	memcpy(at, code, sizeof(code));
	memcpy(at + 6, &function, sizeof(function));
}

int main(void)
{
	unsigned char *code;

	target_ready();
	code = mmap(NULL, N_STACKS * PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	for (int i = 0; i < N_STACKS; i++)
		write_piece(code + i * PIECE);
	mprotect(code, N_STACKS * PIECE, PROT_READ | PROT_EXEC);
	for (int i = 0; i < N_STACKS; i++)
		((void (*)(void))(code + i * PIECE))();
	expect("burst_leak", N_STACKS * 24, N_STACKS);
	mapping_leaks();
	target_done();
	return 0;
}
