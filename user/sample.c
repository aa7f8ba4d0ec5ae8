/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sample.h"

#include <math.h>

#include "../bpf/memleak.h"

size_t sample__chances(uint64_t rate, __u64 chance[])
{
	size_t i;

	/* q^(2^i) / (1 + q^(2^i)) with q = exp(-1 / rate); at most a half, so it fits */
	for (i = 0; i < SAMPLE_MAX_DIGITS; i++) {
		long double power = ldexpl(1, (int)i) / rate;

		chance[i] = (__u64)ldexpl(1 / (1 + expl(power)), 64);
		if (!chance[i])
			break;
	}
	return i;
}
