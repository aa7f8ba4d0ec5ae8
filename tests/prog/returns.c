/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * returns - calls an allocator function that calls no other, and counts how often its return was
 * waited for: then its return address is not in this program, but the kernel's trampoline. Says
 *   RETURNS count
 * returns nested - calls one that calls another, which its code does not easily tell.
 */
#include <malloc.h>

#include "target.h"

#define CALLS 20000

extern const void *own_return_address;
extern const char __executable_start[], etext[];

NOINLINE static unsigned long call(void)
{
	unsigned long waited = 0;

	for (int i = 0; i < CALLS; i++) {
		const char *back;

		KEEP(memalign(16, 64));
		back = own_return_address;
		waited += back < __executable_start || back >= etext;
	}
	return waited;
}

NOINLINE static void call_nested(void)
{
	for (int i = 0; i < CALLS; i++) {
		void *p = pvalloc(64);

		KEEP(p);
		free(p);
	}
}

int main(int argc, char **argv)
{
	unsigned long waited;

	target_ready();
	if (argc > 1 && !strcmp(argv[1], "nested")) {
		call_nested();
		target_done();
		return 0;
	}
	waited = call();
	expect("call", CALLS * 64UL, CALLS);
	target_say("RETURNS", NULL, waited, NULL);
	target_done();
	return 0;
}
