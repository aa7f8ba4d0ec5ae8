/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/present.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Documentation/admin-guide/mm/pagemap.rst: 64 bits a page. */
#define PAGE_PRESENT (1ULL << 63)
#define PAGE_SWAPPED (1ULL << 62)

/* The same and include/uapi/linux/fs.h, which systems older than 6.7 do not have so. */
#define SCAN_PRESENT (1ULL << 3)
#define SCAN_SWAPPED (1ULL << 4)

struct scan_region {
	uint64_t start, end, categories;
};

struct scan {
	uint64_t size, flags, start, end;
	uint64_t walk_end;
	uint64_t regions, max_regions, max_pages;
	uint64_t inverted, all_of, any_of, returned; /* categories */
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan)

#define ENTRIES 8192 /* read at once */
#define REGIONS 2048

struct present {
	int fd; /* -1: it is not told */
	bool skips;
	uint64_t page;
	uint64_t swapped;
	uint64_t entry[ENTRIES];	    /* the cursor's first is the page of entry[0] */
	struct scan_region region[REGIONS]; /* the cursor's first is the next one, of n */
};

/*
 * As many regions as fit. Returns how many, *done: up to where they are told; or -1. That is not
 * walk_end, which is of an earlier part where the kernel has walked in several
 * (pagemap_scan_flush_buffer in fs/proc/task_mmu.c, of 512 regions).
 */
static int scan(struct present *p, uint64_t start, uint64_t end, uint64_t *done)
{
	struct scan s = {.size = sizeof(s),
			 .start = start,
			 .end = end,
			 .regions = (uintptr_t)p->region,
			 .max_regions = REGIONS,
			 .any_of = SCAN_PRESENT | SCAN_SWAPPED,
			 .returned = SCAN_PRESENT | SCAN_SWAPPED};
	int n = ioctl(p->fd, SCAN_IOCTL, &s);

	*done = n == REGIONS ? p->region[n - 1].end : end;
	return n;
}

struct present *present__new(pid_t pid)
{
	struct present *p = calloc(1, sizeof(*p));
	char path[64];
	uint64_t done;

	if (!p)
		return NULL;
	p->page = sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	p->skips = p->fd >= 0 && scan(p, 0, p->page, &done) >= 0;
	return p;
}

void present__free(struct present *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

bool present__skips(const struct present *p)
{
	return p->skips;
}

void present__do_not_skip(struct present *p)
{
	p->skips = false;
}

/* False: there are none, or p->skips has become false. */
static bool next_region(struct present *p, struct present_cursor *c, uint64_t end, uint64_t *from,
			uint64_t *to)
{
	while (c->first == c->n) {
		uint64_t done;
		int n;

		if (c->at >= end)
			return false;
		n = scan(p, c->at, end, &done);
		if (n < 0 || done <= c->at) {
			p->skips = false;
			c->first = c->n = 0;
			return false;
		}
		c->at = done;
		c->first = 0;
		c->n = (uint64_t)n;
	}
	*from = p->region[c->first].start;
	*to = p->region[c->first].end;
	if (p->region[c->first++].categories & SCAN_SWAPPED)
		p->swapped += *to - *from;
	return true;
}

static bool is_at_hand(const struct present_cursor *c, uint64_t page)
{
	return page >= c->first && page < c->first + c->n;
}

static bool is_there(struct present *p, struct present_cursor *c, uint64_t page, uint64_t end)
{
	uint64_t want = end / p->page - page;
	ssize_t got;

	if (!is_at_hand(c, page)) {
		if (want > ENTRIES)
			want = ENTRIES;
		got = p->fd < 0 ? -1
				: pread(p->fd, p->entry, want * sizeof(*p->entry),
					(off_t)(page * sizeof(*p->entry)));
		if (got < (ssize_t)sizeof(*p->entry))
			return true;
		c->first = page;
		c->n = (uint64_t)got / sizeof(*p->entry);
	}
	return p->entry[page - c->first] & (PAGE_PRESENT | PAGE_SWAPPED);
}

bool present__next(struct present *p, struct present_cursor *c, uint64_t end, uint64_t *from,
		   uint64_t *to)
{
	uint64_t page, last = end / p->page;

	if (p->skips) {
		if (next_region(p, c, end, from, to))
			return true;
		if (p->skips)
			return false;
	}
	page = c->at / p->page;
	while (page < last && !is_there(p, c, page, end))
		page++;
	*from = page * p->page;
	for (; page < last && is_there(p, c, page, end); page++)
		if (is_at_hand(c, page) && p->entry[page - c->first] & PAGE_SWAPPED)
			p->swapped += p->page;
	*to = page * p->page;
	c->at = *to;
	return *from < *to;
}

uint64_t present__swapped(const struct present *p)
{
	return p->swapped;
}

bool present__has(const struct present *p, uint64_t addr)
{
	uint64_t entry;

	if (p->fd < 0 || pread(p->fd, &entry, sizeof(entry),
			       (off_t)(addr / p->page * sizeof(entry))) != sizeof(entry))
		return true;
	return entry & (PAGE_PRESENT | PAGE_SWAPPED);
}
