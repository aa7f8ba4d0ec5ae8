/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smaps - /proc/PID/smaps, or /proc/PID/maps, as a stream (proc_pid_smaps(5),
 * Documentation/filesystems/proc.rst, fs/proc/task_mmu.c show_smap).
 *
 * Kernels differ in which fields they write: each mapping says which it has, unknown ones are
 * counted and skipped. A file of 60,000 mappings is 43 MB of text; no more than a line of it is
 * kept.
 */
#ifndef PROC_SMAPS_H
#define PROC_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/maps.h"

/* In the order of the kernel's latest. */
enum smaps_field {
	SMAPS_SIZE,
	SMAPS_KERNEL_PAGE,
	SMAPS_MMU_PAGE,
	SMAPS_RSS,
	SMAPS_PSS,
	SMAPS_PSS_DIRTY,
	SMAPS_SHARED_CLEAN,
	SMAPS_SHARED_DIRTY,
	SMAPS_PRIVATE_CLEAN,
	SMAPS_PRIVATE_DIRTY,
	SMAPS_REFERENCED,
	SMAPS_ANONYMOUS,
	SMAPS_KSM,
	SMAPS_LAZY_FREE,
	SMAPS_ANON_HUGE,
	SMAPS_SHMEM_HUGE,
	SMAPS_FILE_HUGE,
	SMAPS_SHARED_HUGETLB,
	SMAPS_PRIVATE_HUGETLB,
	SMAPS_SWAP,
	SMAPS_SWAP_PSS,
	SMAPS_LOCKED,
	SMAPS_FIELDS
};

const char *smaps__field_name(enum smaps_field field); /* as the kernel spells it */

/* VmFlags, a bit for each that has a name; see smaps__flag. */
#define SMAPS_MAX_FLAGS 64

struct smaps_vma {
	struct mapping map;
	uint64_t bytes[SMAPS_FIELDS]; /* 0 where the kernel says nothing */
	uint32_t has;		      /* 1 << field */
	bool has_flags;
	bool thp_eligible;
	uint64_t flags;	    /* 1 << index of smaps__flag */
	uint32_t n_strange; /* flags without a name here, and fields */
};

static inline bool smaps__has(const struct smaps_vma *v, enum smaps_field field)
{
	return v->has >> field & 1;
}
/* Pages that nobody else maps: what would be free if the process ended. As smem: without hugetlb
 * pages, which the kernel does not count in Rss either. */
static inline uint64_t smaps__uss(const struct smaps_vma *v)
{
	return v->bytes[SMAPS_PRIVATE_CLEAN] + v->bytes[SMAPS_PRIVATE_DIRTY];
}
/* What it holds wherever that is: in memory, swapped out, in hugetlb pages. */
static inline uint64_t smaps__held(const struct smaps_vma *v)
{
	return v->bytes[SMAPS_RSS] + v->bytes[SMAPS_SWAP] + v->bytes[SMAPS_SHARED_HUGETLB] +
	       v->bytes[SMAPS_PRIVATE_HUGETLB];
}
/* Two letters and what they mean, "rd" and "readable"; NULL from the first index on that has none.
 */
const char *smaps__flag(unsigned int index, const char **words);
bool smaps__has_flag(const struct smaps_vma *v, const char *letters);

/*
 * The vma is lent for the time of the call; map.path may be taken over by setting it to NULL.
 * Return 0, or else to stop.
 */
typedef int (*smaps_fn)(struct smaps_vma *v, void *arg);

struct smaps_parser;
struct smaps_parser *smaps_parser__new(smaps_fn fn, void *arg); /* NULL: no memory */
/* The next piece of the text, of any length. Returns 0, -ENOMEM, or what fn returned. */
int smaps_parser__feed(struct smaps_parser *p, const char *text, size_t len);
/* The text has ended. */
int smaps_parser__end(struct smaps_parser *p);
size_t smaps_parser__bad(const struct smaps_parser *p); /* lines that made no sense */
void smaps_parser__free(struct smaps_parser *p);

struct smaps {
	struct smaps_vma *vma; /* sorted by start, none overlaps another */
	size_t n;
	size_t bad; /* lines, or mappings that were told twice as they changed */
	uint64_t sum[SMAPS_FIELDS];
	bool has_fields; /* false: what was read is like maps, not smaps */
};
/* From an open file to its end. Returns 0 or negative errno; smaps__clear frees it. */
int smaps__read_fd(int fd, struct smaps *s);
/* Of a process: smaps, or maps on a kernel without. -ESRCH: no such process, -EACCES: not ours. */
int smaps__read(pid_t pid, struct smaps *s);
/* For who builds one from a stream: append what fn was lent, then finish. Return 0 or -ENOMEM. */
int smaps__add(struct smaps *s, struct smaps_vma *v);
void smaps__finish(struct smaps *s); /* sort, drop overlaps, sum up */
void smaps__clear(struct smaps *s);
/* The mapping that holds addr, or NULL. */
const struct smaps_vma *smaps__find(const struct smaps *s, uint64_t addr);
uint64_t smaps__total_uss(const struct smaps *s);
#endif
