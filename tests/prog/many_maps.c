/* SPDX-License-Identifier: GPL-2.0-or-later */
/* many_maps N - a process with N mappings more than it needs, every second one used. */
#include <sys/mman.h>

#include "target.h"

int main(int argc, char **argv)
{
	unsigned long i, n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;

	for (i = 0; i < n; i++) {
		/* neighbours of the same rights would be one mapping */
		int used = i % 2;
		char *p = mmap(NULL, 4096, used ? PROT_READ | PROT_WRITE : PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return 97;
		if (used)
			*p = 1;
	}
	target_ready();
	return 0;
}
