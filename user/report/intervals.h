/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intervals - anonymous mappings the program made itself, as address intervals.
 *
 * An allocation is one mmap (or growth by brk, or the new part of an mremap). It may be freed in
 * pieces: it counts as outstanding until its last byte is unmapped, with the bytes that are still
 * mapped. Starts and lengths are rounded to pages as the kernel does (mmap(2), mremap(2), brk(2)).
 */
#ifndef REPORT_INTERVALS_H
#define REPORT_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intervals;

struct interval_info {
	uint64_t birth_ns;
	uint64_t stack;	   /* key */
	const char *entry; /* "mmap", "mremap", "brk": static */
	const char *note;  /* static or NULL */
	uint32_t tid;
};
struct intervals_account {
	uint64_t seen;	      /* allocations */
	uint64_t freed;	      /* allocations whose last byte went */
	uint64_t outstanding; /* what is there: seen - freed - gone - lost */
	uint64_t gone;	      /* cleared by exec */
	uint64_t lost;	      /* not recorded: no memory */
	uint64_t untracked;   /* unmaps that hit nothing of ours */
	uint64_t bytes;	      /* outstanding bytes */
};

struct intervals *intervals__new(uint64_t page_size); /* NULL: no memory */
void intervals__free(struct intervals *iv);
/* mmap returned start. Whatever of ours was there (MAP_FIXED) is unmapped first. */
int intervals__map(struct intervals *iv, uint64_t start, uint64_t size,
		   const struct interval_info *info);
/* munmap, also across several mappings and holes. Returns the bytes of ours that went, or negative
 * errno. */
int64_t intervals__unmap(struct intervals *iv, uint64_t start, uint64_t size);
/* The same for what was born before before_ns: younger mappings of other threads stay. */
int64_t intervals__unmap_before(struct intervals *iv, uint64_t start, uint64_t size,
				uint64_t before_ns);
/*
 * mremap(old, old_size, new_size) returned new_start. Tracked bytes move with their allocation
 * (stack and birth stay); growth extends it; shrinking frees the tail. keep_old: MREMAP_DONTUNMAP;
 * the old range stays mapped, so its allocation has both ranges, as it has when old_size is 0
 * (shared pages mapped once more). An untracked old range stays untracked.
 */
int intervals__remap(struct intervals *iv, uint64_t old_start, uint64_t old_size,
		     uint64_t new_start, uint64_t new_size, bool keep_old);
/* The break moved. Growth is an allocation of the pages of [old, new), shrinking an unmap; inside a
 * page nothing happens. */
int intervals__brk(struct intervals *iv, uint64_t old_brk, uint64_t new_brk,
		   const struct interval_info *info);
void intervals__clear(struct intervals *iv); /* exec */
/* Call fn for each outstanding allocation with its lowest address and remaining bytes, in order of
 * address; non-zero stops and is returned. */
int intervals__for_each(const struct intervals *iv,
			int (*fn)(uint64_t start, uint64_t bytes, const struct interval_info *,
				  void *),
			void *arg);
void intervals__account(const struct intervals *iv, struct intervals_account *out);
#endif
