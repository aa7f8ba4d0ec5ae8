/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steady - leaks 100 bytes from steady_leak every 10 ms, until $QUIT_FILE is there. */
#include "target.h"

NOINLINE static void steady_leak(void)
{
	KEEP(malloc(100));
}

int main(void)
{
	const char *quit = getenv("QUIT_FILE");

	target_create("READY_FILE");
	for (int i = 0; i < 12000 && (!quit || access(quit, F_OK)); i++) {
		steady_leak();
		target_sleep_ms(10);
	}
	return 0;
}
