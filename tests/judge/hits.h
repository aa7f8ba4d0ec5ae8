/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* hits - what judge/placement.bpf.c counts. Include what has __u64 first. */
#ifndef JUDGE_HITS_H
#define JUDGE_HITS_H

#define MAX_FUNCTIONS 512

/* The attach cookie: number of the function, and of the arguments that it reads. */
#define COOKIE(function, args) ((__u64)(function) | (__u64)(args) << 32)
#define COOKIE_FUNCTION(c) ((c)&0xffffffff)
#define COOKIE_ARGS(c) ((c) >> 32)

struct hits {
	__u64 symbol; /* times that the function's first instruction was reached */
	__u64 place;  /* and the place of the probe */
	__u64 apart;  /* the latter without the former right before it on the same thread */
	__u64 differ; /* with another argument, stack pointer or frame pointer */
};

#endif
