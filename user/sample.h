/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample - what the BPF side needs to know to sample by bytes: see bpf/sample.h. */
#ifndef SAMPLE_USER_H
#define SAMPLE_USER_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_MAX_RATE (1ULL << 40) /* whose gaps' digits still fit into the table */

/*
 * One sample point in rate bytes (1 to SAMPLE_MAX_RATE). chance[i], of SAMPLE_MAX_DIGITS: that
 * digit i of a gap is 1, times 2^64. Returns how many digits a gap has: others are 0 but for 2^-64.
 */
size_t sample__chances(uint64_t rate, __u64 chance[]);
#endif
