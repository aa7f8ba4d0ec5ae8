/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that are there: as pagemap has them one by one, and of terabytes the few that there are. */
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reach/present.h"

#define PAGES 20000UL /* more than are looked at at once, and more stretches than fit */
#define HUGE_SPACE (8ULL << 40)

static uint64_t page;

static uint64_t random64(void)
{
	static uint64_t x = 88172645463325252ULL; /* xorshift64, Marsaglia 2003 */

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static uint8_t *map(uint64_t size)
{
	uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	madvise(at, size, MADV_NOHUGEPAGE);
	return at;
}

/* What present says of pages [from, to), against pagemap itself. */
static void check_way(const uint8_t *at, uint64_t from, uint64_t to, bool skip)
{
	uint64_t *entry = calloc(PAGES, sizeof(*entry)), base = (uintptr_t)at, start, end, i;
	uint64_t wrong = 0, swapped = 0, next = from;
	struct present_cursor c = {.at = base + from * page};
	struct present *p = present__new(getpid());
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	CHECK(p && fd >= 0);
	if (!skip)
		present__do_not_skip(p);
	CHECK_EQ(pread(fd, entry, PAGES * sizeof(*entry), (off_t)(base / page * sizeof(*entry))),
		 (ssize_t)(PAGES * sizeof(*entry)));
	while (present__next(p, &c, base + to * page, &start, &end)) {
		CHECK(start >= base + next * page && end > start && end <= base + to * page);
		for (i = next; i < (start - base) / page; i++)
			wrong += entry[i] >> 62 != 0;
		for (; i < (end - base) / page; i++) {
			wrong += entry[i] >> 62 == 0;
			swapped += entry[i] >> 62 & 1;
		}
		next = i;
	}
	for (i = next; i < to; i++)
		wrong += entry[i] >> 62 != 0;
	for (i = from; i < to; i++)
		wrong += present__has(p, base + i * page) != (entry[i] >> 62 != 0);
	CHECK_EQ(wrong, 0);
	CHECK_EQ(present__swapped(p), swapped * page); /* where there is swap */
	close(fd);
	present__free(p);
	free(entry);
}

static void check_range(const uint8_t *at, uint64_t from, uint64_t to)
{
	check_way(at, from, to, true);
	check_way(at, from, to, false);
}

static void as_pagemap_says(void)
{
	uint8_t *at = map(PAGES * page);
	uint64_t i;

	for (i = 0; i < PAGES / 2; i++)
		at[random64() % PAGES * page] = 1;
	CHECK(!mprotect(at + PAGES / 4 * page, 1000 * page, PROT_READ));
	check_range(at, 0, PAGES);
	check_range(at, 0, 1);
	check_range(at, 7, 7);
	check_range(at, 5000, 15001);
	check_range(at, PAGES - 1, PAGES);
	munmap(at, PAGES * page);
}

static void all_and_none(void)
{
	uint8_t *at = map(PAGES * page);
	uint64_t i;

	check_range(at, 0, PAGES);
	for (i = 0; i < PAGES; i++)
		at[i * page] = 1;
	check_range(at, 0, PAGES);
	munmap(at, PAGES * page);
}

static void few_in_terabytes(void)
{
	static const uint64_t where[] = {0, 1, 3ULL << 40, HUGE_SPACE / 4096 * 4095};
	struct present *p = present__new(getpid());
	uint64_t start, end, n = 0, i;
	struct present_cursor c;
	uint8_t *at = map(HUGE_SPACE);

	if (!at || !present__skips(p)) {
		printf("SKIP test_present.c: few_in_terabytes: %s\n",
		       at ? "before Linux 6.7 each page is looked at" : "no 8 TiB to be had");
	} else {
		for (i = 1; i < 4; i++) /* 0 and 1 are in the same page */
			at[where[i]] = 1;
		c = (struct present_cursor){.at = (uintptr_t)at};
		for (i = 1; present__next(p, &c, (uintptr_t)at + HUGE_SPACE, &start, &end); i++) {
			n += (end - start) / page;
			CHECK(i < 4 && start == ((uintptr_t)at + where[i]) / page * page);
		}
		CHECK_EQ(n, 3);
	}
	if (at)
		munmap(at, HUGE_SPACE);
	present__free(p);
}

/* A process that is gone has nothing to tell: better too much than too little. */
static void of_nobody(void)
{
	struct present *p = present__new(0x7fffffff);
	struct present_cursor c = {.at = page};
	uint64_t start, end;

	CHECK(!present__skips(p) && present__has(p, 123));
	CHECK(present__next(p, &c, 9 * page, &start, &end));
	CHECK_EQ(start, page);
	CHECK_EQ(end, 9 * page);
	CHECK(!present__next(p, &c, 9 * page, &start, &end));
	present__free(p);
}

int main(void)
{
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	RUN(as_pagemap_says);
	RUN(all_and_none);
	RUN(few_in_terabytes);
	RUN(of_nobody);
	return check_done();
}
