/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live_hash - reads the live table where it is a hash map of the kernel, before 5.15. Used through
 * live.h.
 */
#ifndef LIVE_HASH_H
#define LIVE_HASH_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

struct live_block;
struct live_hash;

/* map_fd is borrowed. Returns 0 or -ENOMEM. */
int live_hash__new(int map_fd, int n_cpus, struct live_hash **out);
void live_hash__free(struct live_hash *h);
/*
 * What the counts of the CPUs, stride apart, have counted by now is what the next reading meets, of
 * what is left of it. *counted: their sum. Returns 0.
 */
uint32_t live_hash__mark(struct live_hash *h, const __u64 *counts, size_t stride,
			 uint64_t *counted);
/* As live__for_each and live__purge. */
int live_hash__for_each(struct live_hash *h, uint32_t space,
			int (*fn)(const struct live_block *, void *), void *arg);
uint64_t live_hash__purge(struct live_hash *h, uint32_t space);
#endif
