/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shared_map.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/libbpf.h>

/* Arrays that can be mapped: kernel/bpf/arraymap.c, values are aligned to 8 bytes. */
int shared_map__open(struct shared_map *m, const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);

	m->n = bpf_map__max_entries(map);
	m->value_size = ((size_t)bpf_map__value_size(map) + 7) & ~7UL;
	m->size = (m->n * m->value_size + page - 1) & ~(page - 1);
	m->at = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (m->at == MAP_FAILED) {
		m->at = NULL;
		return -errno;
	}
	return 0;
}

void shared_map__close(struct shared_map *m)
{
	if (m->at)
		munmap(m->at, m->size);
	m->at = NULL;
}
