/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blockidx - from an address to the block that holds it, for millions of look-ups: sorted blocks
 * behind a table that tells, for each stretch of addresses, between which of them to search.
 */
#ifndef REACH_BLOCKIDX_H
#define REACH_BLOCKIDX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCKIDX_NONE UINT32_MAX

struct blockidx;

/*
 * n blocks sorted by address that do not overlap, size bytes each at start; block i is at
 * blocks + i * stride and begins with its address and its size (uint64_t). One of 0 bytes holds
 * its first address, as memcheck has it. Returns 0, -ENOMEM, or -EFBIG: too many.
 */
int blockidx__new(const void *blocks, size_t stride, size_t n, struct blockidx **out);
void blockidx__free(struct blockidx *x);
/* All blocks are in [low, low + span). */
void blockidx__span(const struct blockidx *x, uint64_t *low, uint64_t *span);
uint32_t blockidx__find(const struct blockidx *x, uint64_t addr);

/*
 * The same in three steps, for who has other addresses to look at meanwhile: what the next step
 * reads is on its way from memory. The first step is false for an address that is in no block.
 */
struct blockidx_way {
	uint64_t addr;
	const uint32_t *bucket;
};
bool blockidx__begin(const struct blockidx *x, uint64_t addr, struct blockidx_way *way);
void blockidx__go_on(const struct blockidx *x, const struct blockidx_way *way);
uint32_t blockidx__end(const struct blockidx *x, const struct blockidx_way *way);

/* The first block that ends above addr; n: none does. */
size_t blockidx__first(const struct blockidx *x, uint64_t addr);
#endif
