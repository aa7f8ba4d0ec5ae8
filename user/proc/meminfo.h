/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meminfo - /proc/meminfo (proc_meminfo(5), fs/proc/meminfo.c) of any Linux since 2.6: which lines
 * there are depends on its version and configuration.
 */
#ifndef PROC_MEMINFO_H
#define PROC_MEMINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(constant, name in the file) */
#define MEMINFO_FIELDS(X)                                                                          \
	X(MEM_TOTAL, "MemTotal")                                                                   \
	X(MEM_FREE, "MemFree")                                                                     \
	X(MEM_AVAILABLE, "MemAvailable") /* 3.14 */                                                \
	X(MEM_BUFFERS, "Buffers")                                                                  \
	X(MEM_CACHED, "Cached")                                                                    \
	X(MEM_SWAP_CACHED, "SwapCached")                                                           \
	X(MEM_ACTIVE, "Active")                                                                    \
	X(MEM_INACTIVE, "Inactive")                                                                \
	X(MEM_UNEVICTABLE, "Unevictable") /* 2.6.28 */                                             \
	X(MEM_MLOCKED, "Mlocked")                                                                  \
	X(MEM_SWAP_TOTAL, "SwapTotal")                                                             \
	X(MEM_SWAP_FREE, "SwapFree")                                                               \
	X(MEM_ZSWAP, "Zswap") /* 5.19 */                                                           \
	X(MEM_ZSWAPPED, "Zswapped")                                                                \
	X(MEM_DIRTY, "Dirty")                                                                      \
	X(MEM_WRITEBACK, "Writeback")                                                              \
	X(MEM_ANON, "AnonPages") /* 2.6.18 */                                                      \
	X(MEM_MAPPED, "Mapped")                                                                    \
	X(MEM_SHMEM, "Shmem")		    /* 2.6.32 */                                           \
	X(MEM_KRECLAIMABLE, "KReclaimable") /* 4.20 */                                             \
	X(MEM_SLAB, "Slab")                                                                        \
	X(MEM_SRECLAIMABLE, "SReclaimable") /* 2.6.19 */                                           \
	X(MEM_SUNRECLAIM, "SUnreclaim")                                                            \
	X(MEM_KERNEL_STACK, "KernelStack") /* 2.6.32 */                                            \
	X(MEM_PAGE_TABLES, "PageTables")                                                           \
	X(MEM_SEC_PAGE_TABLES, "SecPageTables") /* 6.1 */                                          \
	X(MEM_QUICKLISTS, "Quicklists")		/* until 5.3 */                                    \
	X(MEM_BOUNCE, "Bounce")                                                                    \
	X(MEM_WRITEBACK_TMP, "WritebackTmp")                                                       \
	X(MEM_COMMIT_LIMIT, "CommitLimit")                                                         \
	X(MEM_COMMITTED, "Committed_AS")                                                           \
	X(MEM_VMALLOC_USED, "VmallocUsed")                                                         \
	X(MEM_PERCPU, "Percpu") /* 4.20 */                                                         \
	X(MEM_ANON_HUGE, "AnonHugePages")                                                          \
	X(MEM_CMA_FREE, "CmaFree")                                                                 \
	X(MEM_BALLOON, "Balloon") /* 6.16 */                                                       \
	X(MEM_GPU_ACTIVE, "GPUActive")                                                             \
	X(MEM_GPU_RECLAIM, "GPUReclaim")                                                           \
	X(MEM_HUGE_PAGES, "HugePages_Total")                                                       \
	X(MEM_HUGE_FREE, "HugePages_Free")                                                         \
	X(MEM_HUGE_SIZE, "Hugepagesize")                                                           \
	X(MEM_HUGETLB, "Hugetlb") /* 4.16: of all sizes */

enum meminfo_field {
#define MEMINFO_ENUM(id, name) id,
	MEMINFO_FIELDS(MEMINFO_ENUM)
#undef MEMINFO_ENUM
	MEM_FIELDS
};

struct meminfo {
	uint64_t value[MEM_FIELDS]; /* bytes; HugePages_*: how many. 0 for what is missing. */
	uint64_t known;		    /* bit 1 << field: it was there */
};

/*
 * Lines that we do not know, or that make no sense, are skipped. Returns 0, or -EINVAL: no MemTotal
 * in it.
 */
int meminfo__parse(const char *text, size_t len, struct meminfo *m);
bool meminfo__has(const struct meminfo *m, enum meminfo_field field);
const char *meminfo__name(enum meminfo_field field);

/* MemAvailable, or where the kernel does not say it an estimate: free memory, the page cache less
 * shmem and tmpfs, reclaimable slab. */
uint64_t meminfo__available(const struct meminfo *m, bool *estimated);
/* The page cache that can be dropped or written back: without shmem and tmpfs, which have nowhere
 * to go but swap. */
uint64_t meminfo__file_cache(const struct meminfo *m);

#define MEMINFO_MAX_TERMS 20
/*
 * unaccounted = MemTotal - the terms: what no line names, like the pages that a driver took from
 * the page allocator for itself. Lines that overlap are counted once:
 *  - SwapCached holds pages that are in AnonPages, too; as many of it are counted as the LRU lists
 *    (Active + Inactive + Unevictable) have above the other terms of user pages.
 *  - VmallocUsed holds kernel stacks (CONFIG_VMAP_STACK), so KernelStack is counted only where
 *    VmallocUsed is less. Before 5.3 it is 0, before 4.4 address space and not memory: not counted.
 * What is left has other harmless parts: free pages in per-CPU lists, and what came and went while
 * the kernel put the lines together. Below zero is possible by these.
 */
struct meminfo_account {
	struct {
		const char *name;
		uint64_t bytes;
	} term[MEMINFO_MAX_TERMS];
	size_t n;
	int64_t unaccounted;
};
void meminfo__account(const struct meminfo *m, struct meminfo_account *account);
#endif
