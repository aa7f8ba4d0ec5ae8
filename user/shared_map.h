/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shared_map - a BPF array in memory that we share with the programs. */
#ifndef SHARED_MAP_H
#define SHARED_MAP_H

#include <stddef.h>

struct bpf_map;

struct shared_map {
	void *at;
	size_t size;	   /* bytes */
	size_t n;	   /* entries */
	size_t value_size; /* bytes from one to the next */
};

/* map: created with BPF_F_MMAPABLE. Returns 0 or negative errno. */
int shared_map__open(struct shared_map *m, const struct bpf_map *map);
void shared_map__close(struct shared_map *m); /* also of what was never opened, but is all 0 */
#endif
