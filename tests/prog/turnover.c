/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turnover N - N mappings that stay (map_kept), each beside one that does not (map_freed), of a
 * page each.
 */
#include <sys/mman.h>

#include "target.h"

NOINLINE static void *map_page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(97);
	return p;
}

NOINLINE static void map_kept(void)
{
	KEEP(map_page());
}

NOINLINE static void map_freed(void)
{
	void *p = map_page();

	munmap(p, 4096);
	KEEP(p);
}

int main(int argc, char **argv)
{
	unsigned long i, n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;

	target_ready();
	for (i = 0; i < n; i++) {
		map_kept();
		map_freed();
	}
	target_done();
	return 0;
}
