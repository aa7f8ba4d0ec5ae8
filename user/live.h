/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live - reads the map of outstanding blocks, in batches. */
#ifndef LIVE_H
#define LIVE_H

#include <linux/types.h>
#include <stdint.h>

#include "../bpf/memleak.h"

/*
 * Call fn for every block in the map behind fd. Each block is seen at most once; blocks that come
 * or go meanwhile may be missing. fn returns non-zero to stop, which is passed on. Returns 0, fn's
 * value or negative errno.
 */
int live__for_each(int fd, int (*fn)(const struct live_key *, const struct live_block *, void *),
		   void *arg);
/* Remove the blocks of other address spaces than space. Returns how many they were, or negative
 * errno. */
int64_t live__purge(int fd, uint32_t space);
#endif
