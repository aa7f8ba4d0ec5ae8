/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shapes.h - what shapes and its BPF programs agree on. */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H

/* The limits that bcc's memleak has (libbpf-tools/memleak.c), which are its defaults. */
#define SHAPES_MAX_THREADS 10240
#define SHAPES_MAX_BLOCKS 1000000
#define SHAPES_MAX_STACKS 10240
#define SHAPES_MAX_DEPTH 127

/* Shared with the BPF programs. */
struct shapes_counts {
	/* only with -c: counting costs */
	__u64 enters;
	__u64 exits;
	__u64 frees;
	/* allocations that no report will show */
	__u64 lost_blocks; /* the map of blocks was full */
	__u64 lost_stacks; /* no stack id: what is recorded without one belongs nowhere */
};

#endif
