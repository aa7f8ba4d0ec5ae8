/* SPDX-License-Identifier: GPL-2.0-or-later */
/* triage_feed - a history made by hand, for tests of what triage makes of it. */
#ifndef TRIAGE_FEED_H
#define TRIAGE_FEED_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "triage/history.h"

/* One text of the current sample. */
__attribute__((format(printf, 3, 4))) static inline void feed(struct history *h, const char *name,
							      const char *fmt, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	CHECK(len >= 0);
	CHECK_EQ(history__take(h, name, text, (size_t)len), 0);
	free(text);
}

/* A process with so many KiB of its own, of which shmem in shared memory. */
static inline void feed_process(struct history *h, int pid, const char *comm, unsigned long start,
				unsigned long own_kb, unsigned long shmem_kb, unsigned int threads)
{
	char name[32];

	snprintf(name, sizeof(name), "%d/stat", pid);
	feed(h, name,
	     "%d (%s) S 1 1 1 0 -1 4194304 %lu 0 0 0 1 1 0 0 20 0 %u 0 %lu 1000000 500 0\n", pid,
	     comm, own_kb / 4, threads, start);
	snprintf(name, sizeof(name), "%d/smaps_rollup", pid);
	feed(h, name,
	     "1000-2000 ---p 00000000 00:00 0 [rollup]\nRss: %lu kB\nPss: %lu kB\nPss_Anon: %lu "
	     "kB\n"
	     "Pss_File: 50 kB\nPss_Shmem: %lu kB\nShared_Clean: 100 kB\nPrivate_Clean: 0 kB\n"
	     "Private_Dirty: %lu kB\nSwap: 0 kB\nSwapPss: 0 kB\n",
	     own_kb + 100, own_kb + 50, own_kb - shmem_kb, shmem_kb, own_kb);
}

/* All that a test does not care for: 16 GiB, of which so much is used for what. */
struct feed_meminfo {
	unsigned long anon, cached, shmem, slab, page_tables, stacks, percpu, lost; /* KiB */
};

static inline void feed_meminfo(struct history *h, const struct feed_meminfo *m)
{
	unsigned long total = 16UL << 20;
	unsigned long named = m->anon + m->cached + m->slab + m->page_tables + m->percpu;

	feed(h, "meminfo",
	     "MemTotal: %lu kB\nMemFree: %lu kB\nMemAvailable: %lu kB\nBuffers: 0 kB\nCached: %lu "
	     "kB\n"
	     "SwapCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nAnonPages: %lu kB\nShmem: %lu kB\n"
	     "KReclaimable: 0 kB\nSlab: %lu kB\nSReclaimable: 0 kB\nSUnreclaim: %lu kB\n"
	     "KernelStack: %lu kB\nPageTables: %lu kB\nVmallocUsed: %lu kB\nPercpu: %lu kB\n"
	     "Hugetlb: 0 kB\n",
	     total, total - named - m->stacks - m->lost,
	     total - named - m->stacks - m->lost + m->cached - m->shmem, m->cached, m->anon,
	     m->shmem, m->slab, m->slab, m->stacks, m->page_tables, m->stacks, m->percpu);
}

static inline void next_sample(struct history *h, double seconds)
{
	CHECK_EQ(history__next_sample(h, seconds), 0);
	h->timed = true;
	if (h->samples == 1)
		feed(h, "machine", "4096 0 1 6.18.0\n");
}
#endif
