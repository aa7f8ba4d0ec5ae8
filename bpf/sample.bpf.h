/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* sample - sampling by bytes for BPF programs: sample.h with the table of the configuration. */
#ifndef SAMPLE_BPF_H
#define SAMPLE_BPF_H

#include "maps.bpf.h"

#define SAMPLE_RANDOM() bpf_get_prandom_u32()
#define SAMPLE_DIGITS cfg.sample_digits
#define SAMPLE_CHANCE(i) cfg.sample_chance[i]
#define SAMPLE_FUNC VERIFIED_ONCE
#include "sample.h"

#endif
