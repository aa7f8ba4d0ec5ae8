/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a process's memory is copied without being asked for. */
#include "check.h"

#include <stdlib.h>

#include "proc/available.h"
#include "reach/afford.h"

#define MIB (1ULL << 20)

static char why[CAPTURE_WHY_NOT];

static bool fits(const char *status, uint64_t bytes)
{
	const struct available available = {bytes, "are left by memory.max of cgroup /x"};

	why[0] = '\0';
	return afford__fits(status, strlen(status), &available, why);
}

/* 100 + 20 + 8 MiB; files of 50 MiB are not copied. */
static void sums_up(void)
{
	static const char status[] =
		"Name:\tRssAnon: 9\nVmRSS:\t  174080 kB\nRssAnon:\t  102400 kB\n"
		"RssFile:\t   51200 kB\nRssShmem:\t   20480 kB\nVmSwap:\t    8192 kB\n"
		"Threads:\t1\n";

	CHECK(fits(status, 256 * MIB));
	CHECK_STR(why, "");
	CHECK(!fits(status, 256 * MIB - 2));
	CHECK_STR(why, "its 128 MiB are more than half of the 255 MiB that are left by memory.max "
		       "of cgroup /x: --reach copies them all the same");
}

static void odd_texts(void)
{
	CHECK(fits("", 0)); /* a zombie has none of these lines */
	CHECK(fits("Name:\tx\nState:\tZ\n", 0));
	CHECK(fits("RssAnon:\nRssAnon: -1 kB\nRssAnon: 0x10 kB\nVmSwap: 99999999999999999999 kB\n",
		   0));
	CHECK(!fits("RssAnon: 18446744073709551615 kB\n", UINT64_MAX));
	CHECK(!fits("RssAnon: 18014398509481983 kB\nVmSwap: 18014398509481983 kB\n", UINT64_MAX));
}

/* There is nobody: that is seen when it is looked at. */
static void nobody(void)
{
	why[0] = '\0';
	CHECK(afford__copy(1 << 30, why));
	CHECK_STR(why, "");
}

int main(void)
{
	RUN(sums_up);
	RUN(odd_texts);
	RUN(nobody);
	return check_done();
}
