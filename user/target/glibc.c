/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/glibc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc/procmem.h"
#include "proc/smaps.h"

#define PAGE 4096
#define MAX_CANDIDATES 65536 /* aligned addresses looked at: 4 TiB of heaps */
#define MAX_BLOCKS 1024	     /* of a mapping that are looked at */
#define IS_MMAPPED 2ULL	     /* malloc/malloc.c: in the size of a chunk */

/* malloc/arena.c; what follows mprotect_size depends on the version. */
struct heap_info {
	uint64_t arena; /* ar_ptr */
	uint64_t prev;
	uint64_t size;
	uint64_t mprotect_size;
};
/* Of struct heap_info: 32 bytes until 2.34, 48 since. */
#define HEAP_INFO_MIN 32
#define HEAP_INFO_MAX 128

static uint64_t heap_of(uint64_t addr)
{
	return addr & ~(GLIBC_HEAP_MAX - 1);
}

static bool is_plain(const struct smaps_vma *v)
{
	return !v->map.inode && v->map.read && v->map.write && !v->map.shared;
}

/* Is this the header of a heap at addr? It may have grown since the mappings were read. */
static bool is_heap(const struct heap_info *h, uint64_t addr)
{
	uint64_t first = heap_of(h->arena), within = h->arena - first;

	if (h->arena % 16 || within < HEAP_INFO_MIN || within > HEAP_INFO_MAX)
		return false;
	if (first == addr ? h->prev != 0 : (!h->prev || h->prev != heap_of(h->prev)))
		return false;
	return h->size >= PAGE && h->size % PAGE == 0 && h->size <= h->mprotect_size &&
	       h->mprotect_size % PAGE == 0 && h->mprotect_size <= GLIBC_HEAP_MAX;
}

static int add_heap(struct glibc_heaps *heaps, const struct glibc_heap *heap)
{
	size_t n = heaps->n;

	if (n >= 16 ? !(n & (n - 1)) : !n) {
		void *grown = reallocarray(heaps->heap, n ? n * 2 : 16, sizeof(*heaps->heap));

		if (!grown)
			return -ENOMEM;
		heaps->heap = grown;
	}
	heaps->heap[heaps->n++] = *heap;
	return 0;
}

/* Arenas are numbered by the address of their first heap, in which they lie. */
static void number_arenas(struct glibc_heaps *heaps)
{
	size_t i, low, high, kept = 0;

	for (i = 0; i < heaps->n; i++)
		if (heap_of(heaps->heap[i].arena) == heap_of(heaps->heap[i].start))
			heaps->heap[i].number = ++heaps->n_arenas;
	for (i = 0; i < heaps->n; i++) {
		struct glibc_heap *h = &heaps->heap[i];

		for (low = 0, high = heaps->n; low < high;) {
			size_t mid = low + (high - low) / 2;

			if (heaps->heap[mid].start < heap_of(h->arena))
				low = mid + 1;
			else
				high = mid;
		}
		if (low < heaps->n && heaps->heap[low].start == heap_of(h->arena))
			h->number = heaps->heap[low].number;
	}
	/* of an arena that is nowhere: it only looked like a heap. Its number would be 0. */
	for (i = 0; i < heaps->n; i++)
		if (heaps->heap[i].number)
			heaps->heap[kept++] = heaps->heap[i];
	heaps->n = kept;
}

int glibc_heaps__find(const struct procmem *mem, const struct smaps *s, struct glibc_heaps *heaps)
{
	size_t i, candidates = 0;
	struct heap_info info;
	uint64_t at;

	memset(heaps, 0, sizeof(*heaps));
	for (i = 0; i < s->n; i++) {
		const struct smaps_vma *v = &s->vma[i];

		if (!is_plain(v) || (s->has_fields && !smaps__held(v)))
			continue;
		at = heap_of(v->map.start + GLIBC_HEAP_MAX - 1);
		for (; at < v->map.end && at >= v->map.start && candidates < MAX_CANDIDATES;
		     at += GLIBC_HEAP_MAX) {
			struct glibc_heap heap;

			candidates++;
			if (!procmem__is_there(mem, at) ||
			    !procmem__read(mem, at, &info, sizeof(info)) || !is_heap(&info, at))
				continue;
			heap = (struct glibc_heap){
				.start = at, .end = at + info.mprotect_size, .arena = info.arena};
			if (add_heap(heaps, &heap)) {
				glibc_heaps__clear(heaps);
				return -ENOMEM;
			}
		}
	}
	number_arenas(heaps);
	return 0;
}

void glibc_heaps__clear(struct glibc_heaps *heaps)
{
	free(heaps->heap);
	memset(heaps, 0, sizeof(*heaps));
}

uint64_t glibc__mapped_blocks(const struct procmem *mem, uint64_t start, uint64_t end, size_t *n)
{
	uint64_t chunk[2], size, at = start;

	for (*n = 0; at < end && *n < MAX_BLOCKS; ++*n) {
		/* the first word is what alignment took off the start of the mapping */
		if (!procmem__is_there(mem, at) || !procmem__read(mem, at, chunk, sizeof(chunk)))
			break;
		size = (chunk[1] & ~7ULL) + chunk[0];
		if ((chunk[1] & 7) != IS_MMAPPED || chunk[0] || size % PAGE || !size ||
		    size > end - at)
			break;
		at += size;
	}
	return at - start;
}
