/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leak_example - reads a message a second and forgets to free what it kept of it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile last_message;

__attribute__((noinline)) static char *keep_message(size_t size)
{
	char *copy = malloc(size);

	return copy ? memset(copy, 'm', size) : NULL;
}

__attribute__((noinline)) static void handle_message(void)
{
	char *scratch = malloc(4096);

	last_message = keep_message(12288); /* the leak: the one before is never freed */
	free(scratch);
}

int main(void)
{
	for (;;) {
		handle_message();
		sleep(1);
	}
}
