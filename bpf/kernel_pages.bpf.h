/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * kernel_pages - blocks of pages that are freed in pieces. split_page(), as in alloc_pages_exact or
 * vmalloc, makes single pages of a block, which only shows when they are freed. Then what is left
 * of it is entered in its place: the blocks that the page allocator would have halved it into.
 */
#ifndef KERNEL_PAGES_BPF_H
#define KERNEL_PAGES_BPF_H

#include "kernel_track.bpf.h"

struct page {
	unsigned long flags;
} __attribute__((preserve_access_index));

#define PAGE_TRIES 64

#define STRUCT_PAGE ((__u64)bpf_core_type_size(struct page))

/*
 * The struct page of the first page in a block. The array of all of them is aligned to more than
 * the largest block has of it, if their size is a power of 2. Where it is not (no memory cgroups),
 * a block that is freed in pieces stays until its first page is allocated again.
 */
static __always_inline __u64 page_block(__u64 page, __u32 order)
{
	return page & ~((STRUCT_PAGE << order) - 1);
}

static __always_inline __u64 pages_what(__u32 order)
{
	__u64 bytes = (__u64)cfg.page_size << order;

	return OBJECT_WHAT(bytes, bytes, KERNEL_SPACE_PAGES);
}

/* Enter what is left of a block when this piece of it is freed. */
VERIFIED_ONCE int page_put_rest(__u64 page, __u32 orders, __u64 when, __u64 epoch)
{
	__u32 order = orders & 255, block = orders >> 8;
	__u64 other;
	int done;

	for (__u32 i = 0; i < MAX_ORDER; i++) {
		if (i < order || i >= block)
			continue;
		other = page_block(page, i) ^ STRUCT_PAGE << i;
		done = object_put(OBJECT_WHERE(other, KERNEL_SPACE_PAGES), pages_what(i), when,
				  epoch);
		stat_inc(KSTAT_PIECES);
		if (done)
			track_insert_outcome(done, state.epoch);
	}
	return 0;
}

/* Free these pages of the block of that order that they are from. Returns 1, 0: it is not there. */
VERIFIED_ONCE int page_free_of(__u64 page, __u32 order, __u32 block)
{
	__u64 head = OBJECT_WHERE(block == order ? page : page_block(page, block),
				  KERNEL_SPACE_PAGES);
	void *t = tables();
	__u64 when, epoch;

	if (!t || object_word(head, OBJECT_WORD_WHAT) != pages_what(block))
		return 0;
	if (block == order)
		return object_remove(t, head);
	when = object_word(head, OBJECT_WORD_WHEN);
	epoch = object_word(head, OBJECT_WORD_EPOCH);
	__sync_fetch_and_add(&state.splits_begun, 1);
	if (object_remove(t, head)) {
		page_put_rest(page, block << 8 | order, when, epoch);
		order = MAX_ORDER + 1;
	}
	__sync_fetch_and_add(&state.splits_done, 1);
	return order > MAX_ORDER;
}

/* Free pages. Returns 1, 0: they are not there. Most are page cache, and not looked for long. */
VERIFIED_ONCE int page_free(__u64 page, __u32 order)
{
	bool aligned = !(STRUCT_PAGE & (STRUCT_PAGE - 1));

	for (__u32 block = 0; block <= MAX_ORDER; block++) {
		if (block != order && (block < order || !state.has_blocks[block] || !aligned))
			continue;
		if (page_free_of(page, order, block))
			return 1;
	}
	return 0;
}

/*
 * Not found may mean that another CPU has just taken the block out, and puts what is left of it in:
 * if so, look again.
 */
SUBPROGRAM int track_page_free(__u64 page, __u32 order)
{
	__u64 done;

	for (__u32 i = 0; i < PAGE_TRIES; i++) {
		done = *(volatile __u64 *)&state.splits_done;
		if (page_free(page, order))
			return 0;
		if (*(volatile __u64 *)&state.splits_begun == done)
			break;
	}
	return track_free(page, KERNEL_SPACE_PAGES);
}

#endif
