/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmstats - counters of the memory management, and how hard it is to get memory: /proc/vmstat,
 * /proc/pressure/memory (Documentation/accounting/psi.rst), /proc/net/sockstat, and zones:
 * /proc/zoneinfo, /proc/buddyinfo.
 */
#ifndef PROC_VMSTATS_H
#define PROC_VMSTATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmstat {
	uint64_t minor_faults, major_faults; /* major_faults are part of minor_faults */
	uint64_t swapped_in, swapped_out;    /* pages */
	uint64_t stalls;		     /* allocations that had to reclaim themselves */
	uint64_t oom_kills;		     /* Linux 4.13 */
};
/* -EINVAL: nothing known in it. */
int vmstat__parse(const char *text, size_t len, struct vmstat *s);

/* Pages that the kernel uses and that no line of /proc/meminfo counts; 0 where it does not say. */
struct vmstat_pages {
	uint64_t pinned;	   /* for devices (pin_user_pages), 5.2: got less given back */
	uint64_t misc_reclaimable; /* not of slabs, but given back under pressure, 4.20 */
	uint64_t iommu;		   /* tables of IOMMUs, 6.11 */
	uint64_t memmap;	   /* struct pages of memory that was added later, 6.11 */
};
void vmstat_pages__parse(const char *text, size_t len, struct vmstat_pages *p);

struct pressure {
	double some[3], full[3]; /* percent of the last 10, 60, 300 seconds that tasks waited */
	uint64_t some_us, full_us;
};
int pressure__parse(const char *text, size_t len, struct pressure *p);

/* Pages in the buffers of the sockets of this network namespace's protocols (TCP's and UDP's
 * counters are of the whole machine). */
int sockstat__parse(const char *text, size_t len, uint64_t *pages);

#define ZONES_MAX 64
#define ZONE_ORDERS 16

struct zone {
	char name[24];				/* "0 Normal": node and zone */
	uint64_t free, min, low, high, managed; /* pages */
	uint64_t blocks[ZONE_ORDERS];		/* free blocks of 2^order pages */
	bool has_blocks;
};
struct zones {
	struct zone zone[ZONES_MAX];
	size_t n;
};
/* Add what either file says about zones; begin with an empty struct. -EINVAL: no zones in it. */
int zones__parse_zoneinfo(const char *text, size_t len, struct zones *z);
int zones__parse_buddyinfo(const char *text, size_t len, struct zones *z);
/* Of the free pages of all zones with blocks, which share lies in blocks of order or more? 0 to 1;
 * 0 of none. */
double zones__free_share(const struct zones *z, unsigned int order);
#endif
