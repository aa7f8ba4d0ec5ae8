/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.h - what walk, its BPF programs and the program whose stack is walked agree on. Include
 * memleak.h first.
 */
#ifndef BENCH_WALK_H
#define BENCH_WALK_H

/* A program each, attached to a function each: probe_nothing and so on. */
enum walk_how {
	WALK_NOTHING, /* what the probe itself costs */
	WALK_AGAIN,   /* nothing once more: tells how exact the differences are */
	WALK_WARM,    /* by tables, rows in the cache */
	WALK_COLD,    /* by tables, each row looked up */
	WALK_STORED,  /* warm, and entered into the stack map, as is done for an allocation */
	WALK_STACKID, /* bpf_get_stackid: by frame pointers, and entered into its stack map */
	WALK_HOWS,
};

/* What lies between the probed function and the outermost one. */
enum walk_chain {
	CHAIN_COMMON, /* as in real programs: see walk_target.c */
	CHAIN_SMALL,  /* 32 bytes each */
	CHAIN_END,    /* the same, on a stack that ends right above them, as a coroutine's may */
	CHAINS,
};

#define WALK_MIN_FRAMES 4
#define WALK_MAX_FRAMES 24

/* To the target's stdin: call a probed function, with that many frames above it. */
struct walk_request {
	__u32 how; /* enum walk_how */
	__u32 chain;
	__u32 frames; /* return addresses on the stack during the call */
	__u32 warmup; /* calls before the clock starts */
	__u32 calls;
	__u32 pad;
};

/* From its stdout; the first one says that it is ready. */
struct walk_answer {
	__u64 cpu_ns;	   /* of all calls: CPU time of the thread */
	__u64 stack_bytes; /* from the probed function's return address up to the last one */
};

/* Shared with the BPF programs. */
struct walk_bench {
	__u64 calls;
	__u64 frames; /* recorded, of all calls */
	__u32 keep;   /* copy what has been recorded to here */
	__s32 stackid;
	__u32 depth;
	__u32 end; /* enum walk_end */
	__u64 pc[MEMLEAK_MAX_DEPTH];
};

#endif
