/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links - to which blocks each block points, noted down by several threads, before anybody asks.
 *
 * Following pointers leads all over memory, and waits for each step. Here all blocks are read in
 * the order of their addresses, which is what memory is fast at, and each of them by itself, so
 * that who reads it and when makes no difference; what is left to follow is some bytes a block.
 */
#ifndef REACH_LINKS_H
#define REACH_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct blockidx;
struct links;
struct mark_block;
struct memcopy;

/*
 * The n blocks are sorted by address, do not overlap, and are what the index is of. All is borrowed
 * until it returns. What takes more than some 40 bytes a block is not noted down, nor is anything
 * where there is no memory: it is a help, not more. threads: 0, as many as we have CPUs.
 */
struct links *links__new(const struct memcopy *memory, const struct blockidx *index,
			 const struct mark_block *blocks, size_t n, unsigned int threads);
void links__free(struct links *l); /* NULL is all right, here and below: nothing is noted down */

/* A pointer, and into which block. By start: to its first byte. */
struct link {
	uint64_t value; /* 0 by start: it is that block's address */
	uint32_t to;
	bool by_start;
};

struct links_cursor {
	const uint32_t *at, *end;
};

/*
 * False: what the block points to was not noted down. Pointers of a block to itself never are. What
 * is going to be read is to be announced some time before it, twice, if that is known.
 */
bool links__of(const struct links *l, uint32_t block, struct links_cursor *c);
void links__expect(const struct links *l, uint32_t block);
void links__expect_soon(const struct links *l, uint32_t block);

/* A word for each pointer; behind one that is not by start, two more for where it points to. */
#define LINKS_INTERIOR (1U << 31)

/* In the order of where they are. False: that were all. */
static inline bool links__next(struct links_cursor *c, struct link *out)
{
	if (c->at == c->end)
		return false;
	*out = (struct link){.to = *c->at & ~LINKS_INTERIOR,
			     .by_start = !(*c->at & LINKS_INTERIOR)};
	c->at++;
	if (!out->by_start) {
		memcpy(&out->value, c->at, sizeof(out->value));
		c->at += sizeof(out->value) / sizeof(*c->at);
	}
	return true;
}
#endif
