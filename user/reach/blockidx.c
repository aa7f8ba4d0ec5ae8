/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/blockidx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Blocks farther apart than this, and those larger, are in different segments. */
#define MAX_GAP (1ULL << 20)
#define MIN_SHIFT 6

/*
 * A stretch of address space that is full of blocks, in buckets of 1 << shift bytes: some more than
 * there are blocks, so that a bucket holds few. table[i]: the first block that ends above the
 * beginning of bucket i.
 */
struct segment {
	uint64_t start, end;
	uint32_t *table;
	unsigned int shift;
};

struct blockidx {
	const uint8_t *blocks;
	size_t stride, n;
	uint64_t low, high; /* of all */
	struct segment *seg;
	size_t n_segs;
	uint32_t *tables;
};

static uint64_t start_of(const struct blockidx *x, size_t i)
{
	uint64_t addr;

	memcpy(&addr, x->blocks + i * x->stride, sizeof(addr));
	return addr;
}

/* One past the last address that is in it. */
static uint64_t end_of(const struct blockidx *x, size_t i)
{
	uint64_t addr = start_of(x, i), size, end;

	memcpy(&size, x->blocks + i * x->stride + sizeof(addr), sizeof(size));
	return __builtin_add_overflow(addr, size ? size : 1, &end) ? UINT64_MAX : end;
}

/* Where the segment that begins with block i ends: its last block's index + 1. */
static size_t segment_end(const struct blockidx *x, size_t i)
{
	uint64_t end = end_of(x, i);

	if (end - start_of(x, i) > MAX_GAP)
		return i + 1;
	for (i++; i < x->n; i++) {
		if (start_of(x, i) - end > MAX_GAP || end_of(x, i) - start_of(x, i) > MAX_GAP)
			break;
		end = end_of(x, i);
	}
	return i;
}

static unsigned int shift_for(uint64_t bytes, size_t blocks)
{
	unsigned int shift = MIN_SHIFT;

	while (bytes >> shift > 2 * (uint64_t)blocks + 16)
		shift++;
	return shift;
}

static size_t n_buckets(const struct segment *s)
{
	return ((s->end - s->start - 1) >> s->shift) + 2; /* the last one ends searches */
}

static void fill_table(const struct blockidx *x, const struct segment *s, size_t first)
{
	size_t b, i = first;

	for (b = 0; b < n_buckets(s); b++) {
		while (i < x->n && end_of(x, i) <= s->start + ((uint64_t)b << s->shift))
			i++;
		s->table[b] = (uint32_t)i;
	}
}

int blockidx__new(const void *blocks, size_t stride, size_t n, struct blockidx **out)
{
	struct blockidx *x;
	size_t i, end, k, total = 0;
	int err = -ENOMEM;

	*out = NULL;
	if (n >= BLOCKIDX_NONE)
		return -EFBIG;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->blocks = blocks;
	x->stride = stride;
	x->n = n;
	for (i = 0; i < n; i = segment_end(x, i))
		x->n_segs++;
	x->seg = calloc(x->n_segs + 1, sizeof(*x->seg));
	if (!x->seg)
		goto cleanup;
	for (i = k = 0; i < n; i = end, k++) {
		struct segment *s = &x->seg[k];

		end = segment_end(x, i);
		s->start = start_of(x, i);
		s->end = end_of(x, end - 1);
		s->shift = shift_for(s->end - s->start, end - i);
		total += n_buckets(s);
	}
	x->tables = calloc(total + 1, sizeof(*x->tables));
	if (!x->tables)
		goto cleanup;
	for (i = k = total = 0; i < n; i = end, k++) {
		end = segment_end(x, i);
		x->seg[k].table = x->tables + total;
		total += n_buckets(&x->seg[k]);
		fill_table(x, &x->seg[k], i);
	}
	if (n) {
		x->low = start_of(x, 0);
		x->high = end_of(x, n - 1);
	}
	*out = x;
	x = NULL;
	err = 0;
cleanup:
	blockidx__free(x);
	return err;
}

void blockidx__free(struct blockidx *x)
{
	if (!x)
		return;
	free(x->tables);
	free(x->seg);
	free(x);
}

void blockidx__span(const struct blockidx *x, uint64_t *low, uint64_t *span)
{
	*low = x->low;
	*span = x->high - x->low;
}

/* The first segment that ends above addr, or n_segs. */
static size_t find_segment(const struct blockidx *x, uint64_t addr)
{
	size_t low = 0, high = x->n_segs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (x->seg[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first block of [low, high) that ends above addr, or high. */
static size_t search(const struct blockidx *x, size_t low, size_t high, uint64_t addr)
{
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (end_of(x, mid) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool blockidx__begin(const struct blockidx *x, uint64_t addr, struct blockidx_way *way)
{
	const struct segment *s;

	if (addr - x->low >= x->high - x->low)
		return false;
	s = &x->seg[find_segment(x, addr)];
	if (addr < s->start)
		return false;
	*way = (struct blockidx_way){addr, &s->table[(addr - s->start) >> s->shift]};
	__builtin_prefetch(way->bucket);
	return true;
}

void blockidx__go_on(const struct blockidx *x, const struct blockidx_way *way)
{
	__builtin_prefetch(x->blocks + way->bucket[0] * x->stride);
}

uint32_t blockidx__end(const struct blockidx *x, const struct blockidx_way *way)
{
	size_t i = search(x, way->bucket[0], way->bucket[1], way->addr);

	return i < x->n && start_of(x, i) <= way->addr ? (uint32_t)i : BLOCKIDX_NONE;
}

uint32_t blockidx__find(const struct blockidx *x, uint64_t addr)
{
	struct blockidx_way way;

	return blockidx__begin(x, addr, &way) ? blockidx__end(x, &way) : BLOCKIDX_NONE;
}

size_t blockidx__first(const struct blockidx *x, uint64_t addr)
{
	return search(x, 0, x->n, addr);
}
