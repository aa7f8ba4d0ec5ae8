/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cost.h"

#include <time.h>

#include "report/report.h"

static uint64_t read_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void cost__fill(struct report_cost *cost, uint64_t began_ns)
{
	cost->cpu_ns = read_ns(CLOCK_PROCESS_CPUTIME_ID);
	cost->report_ns = read_ns(CLOCK_MONOTONIC) - began_ns;
	cost->known = true;
}
