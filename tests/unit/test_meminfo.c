/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/meminfo.h"

#include <errno.h>
#include <fcntl.h>

#include "check.h"
#include "proc/procfile.h"

#define MIB (1024ULL * 1024)
#define KIB 1024ULL

static int parse(const char *text, struct meminfo *m)
{
	return meminfo__parse(text, strlen(text), m);
}

static void lines_and_units(void)
{
	struct meminfo m;

	CHECK_EQ(parse("MemTotal:       1024 kB\nMemFree:\t10 kB\nHugePages_Total:   7\n"
		       "Hugepagesize:   2048 kB\nNewThing:  5 kB\nActive(anon): 3 kB\n",
		       &m),
		 0);
	CHECK_EQ(m.value[MEM_TOTAL], 1024 * KIB);
	CHECK_EQ(m.value[MEM_FREE], 10 * KIB);
	CHECK_EQ(m.value[MEM_HUGE_PAGES], 7);
	CHECK(!meminfo__has(&m, MEM_ACTIVE) && meminfo__has(&m, MEM_HUGE_SIZE));
	CHECK_STR(meminfo__name(MEM_SEC_PAGE_TABLES), "SecPageTables");
	CHECK_EQ(parse("MemFree: 10 kB\n", &m), -EINVAL);
	CHECK_EQ(parse("", &m), -EINVAL);
}

static void nonsense_is_left_out(void)
{
	struct meminfo m;

	CHECK_EQ(parse("MemTotal: 99999999999999999999 kB\n", &m), -EINVAL);
	CHECK_EQ(parse("MemTotal: 18014398509481984 kB\n", &m), -EINVAL); /* 2^64 bytes */
	CHECK_EQ(parse("MemTotal: 100 kB\nMemTotal: 5 kB\nMemFree: -1 kB\nCached: 1 MB\n"
		       "Slab 7 kB\nDirty: kB\n: 1 kB\nBuffers: 4 kB",
		       &m),
		 0);
	CHECK_EQ(m.value[MEM_TOTAL], 100 * KIB); /* the first one */
	CHECK_EQ(m.known, 1ULL << MEM_TOTAL | 1ULL << MEM_BUFFERS);
}

static uint64_t term(const struct meminfo_account *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!strcmp(a->term[i].name, name))
			return a->term[i].bytes;
	return 0;
}

static void account_of(const char *text, struct meminfo_account *a)
{
	struct meminfo m;

	CHECK_EQ(parse(text, &m), 0);
	meminfo__account(&m, a);
}

/* What a kernel of today names: each sum is by hand. */
static void what_is_unaccounted(void)
{
	struct meminfo_account a;

	account_of("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 200 kB\n"
		   "SwapCached: 0 kB\nActive: 300 kB\nInactive: 208 kB\nUnevictable: 2 kB\n"
		   "AnonPages: 300 kB\nKReclaimable: 55 kB\nSlab: 80 kB\nSReclaimable: 50 kB\n"
		   "SUnreclaim: 30 kB\nKernelStack: 8 kB\nPageTables: 12 kB\nSecPageTables: 1 kB\n"
		   "VmallocUsed: 20 kB\nPercpu: 4 kB\nHugetlb: 40 kB\nHugePages_Total: 20\n"
		   "Hugepagesize: 2 kB\n",
		   &a);
	/* 100+10+200+300+80+5+20+12+1+4+40: the stacks are in VmallocUsed */
	CHECK_EQ(a.unaccounted, (1000 - 772) * (long long)KIB);
	CHECK_EQ(term(&a, "(KReclaimable - SReclaimable)"), 5 * KIB);
	CHECK_EQ(term(&a, "Hugetlb"), 40 * KIB);
	CHECK_EQ(term(&a, "KernelStack"), 0);
}

/* Of 90 kB in the swap cache 60 are mapped, and in AnonPages as well: the lists know. */
static void swap_cache_counts_once(void)
{
	struct meminfo_account a;

	account_of("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 0 kB\nCached: 200 kB\n"
		   "SwapCached: 90 kB\nActive: 300 kB\nInactive: 230 kB\nAnonPages: 300 kB\n",
		   &a);
	CHECK_EQ(term(&a, "SwapCached"), 30 * KIB);
	CHECK_EQ(a.unaccounted, (1000 - 630) * (long long)KIB);
	/* More in the lists than all of it: not more than all of it. */
	account_of("MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 200 kB\nSwapCached: 90 kB\n"
		   "Active: 800 kB\nInactive: 0 kB\nAnonPages: 300 kB\n",
		   &a);
	CHECK_EQ(term(&a, "SwapCached"), 90 * KIB);
}

/* Linux 2.6.9: no AnonPages, VmallocUsed is address space, huge pages only counted. */
static void old_kernels(void)
{
	struct meminfo_account a;
	struct meminfo m;
	bool estimated;
	static const char text[] =
		"MemTotal:      2055208 kB\nMemFree:         20000 kB\nBuffers:         50000 kB\n"
		"Cached:        1500000 kB\nSwapCached:           0 kB\nActive:        1200000 kB\n"
		"Inactive:       600000 kB\nHighTotal:           0 kB\nHighFree:            0 kB\n"
		"LowTotal:      2055208 kB\nLowFree:         20000 kB\nSwapTotal:     1020116 kB\n"
		"SwapFree:      1020116 kB\nDirty:             100 kB\nWriteback:           0 kB\n"
		"Mapped:         400000 kB\nSlab:            80000 kB\nCommitted_AS:   600000 kB\n"
		"PageTables:       5000 kB\nVmallocTotal: 536870911 kB\nVmallocUsed:    265000 kB\n"
		"VmallocChunk: 536605000 kB\nHugePages_Total:    10\nHugePages_Free:     10\n"
		"Hugepagesize:     2048 kB\n";

	account_of(text, &a);
	/* free, lists, slab, page tables, 10 huge pages; nothing for vmalloc */
	CHECK_EQ(a.unaccounted,
		 (2055208 - 20000 - 1800000 - 80000 - 5000 - 20480) * (long long)KIB);
	CHECK_EQ(parse(text, &m), 0);
	CHECK_EQ(meminfo__available(&m, &estimated), 1570000 * KIB);
	CHECK(estimated);
	CHECK_EQ(meminfo__file_cache(&m), 1550000 * KIB);
}

static void hostile_sums(void)
{
	struct meminfo_account a;

	account_of("MemTotal: 18014398509481983 kB\nMemFree: 18014398509481983 kB\n"
		   "Buffers: 18014398509481983 kB\nSwapCached: 5 kB\nAnonPages: 1 kB\n"
		   "HugePages_Total: 18446744073709551615\nHugepagesize: 18014398509481983 kB\n",
		   &a);
	CHECK(a.n <= MEMINFO_MAX_TERMS);
	account_of("MemTotal: 1 kB\nMemFree: 3 kB\n", &a);
	CHECK_EQ(a.unaccounted, -2 * (long long)KIB);
}

/* Of this machine: the rest is small, or the formula forgets something. */
static void of_this_machine(void)
{
	struct procfile f = {0};
	struct meminfo_account a;
	struct meminfo m;

	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/meminfo"), 0);
	CHECK_EQ(meminfo__parse(f.text, f.len, &m), 0);
	meminfo__account(&m, &a);
	CHECK(a.n >= 6);
	CHECK(a.unaccounted < (long long)m.value[MEM_TOTAL] / 4);
	CHECK(a.unaccounted > -(long long)m.value[MEM_TOTAL] / 50);
	procfile__clear(&f);
}

int main(void)
{
	RUN(lines_and_units);
	RUN(nonsense_is_left_out);
	RUN(what_is_unaccounted);
	RUN(swap_cache_counts_once);
	RUN(old_kernels);
	RUN(hostile_sums);
	RUN(of_this_machine);
	return check_done();
}
