/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * memleak.h - the ABI between the BPF programs and user space.
 *
 * Includes nothing: BPF gets __u64 and friends from vmlinux.h, user space
 * from <linux/types.h>; include one of them first.
 */
#ifndef MEMLEAK_H
#define MEMLEAK_H

#define MEMLEAK_MAX_DEPTH 127 /* frames a recorded stack holds at most */
#define OLD_MAX_THREADS 16384 /* of the target, at a time, where there is no task storage */
#define MEMLEAK_MAX_ARG 5     /* probe arguments are counted from 1; 0 means none */

/*
 * What an allocator entry point does. One value describes one probed function;
 * the arguments it needs travel beside it in the attach cookie.
 */
enum probe_op {
	PROBE_OP_NONE,
	PROBE_OP_ALLOC,	    /* returns the pointer; size = arg [* arg] */
	PROBE_OP_ALLOC_OUT, /* returns 0; the pointer is stored through an argument */
	PROBE_OP_REALLOC,   /* frees an argument's block, returns the new one */
	PROBE_OP_RESIZE,    /* xallocx: resizes in place, returns the real size */
	PROBE_OP_FREE,	    /* frees an argument's block */
};

/*
 * The attach cookie: op, index into the table of entry points (so that a
 * record can name its function) and argument positions.
 */
#define PROBE_COOKIE(op, entry, size, count, ptr)                                                  \
	((__u64)(op) | (__u64)(entry) << 8 | (__u64)(size) << 24 | (__u64)(count) << 28 |          \
	 (__u64)(ptr) << 32)
#define PROBE_COOKIE_OP(c) ((c)&0xff)
#define PROBE_COOKIE_ENTRY(c) ((c) >> 8 & 0xffff)
#define PROBE_COOKIE_SIZE(c) ((c) >> 24 & 0xf)
#define PROBE_COOKIE_COUNT(c) ((c) >> 28 & 0xf)
#define PROBE_COOKIE_PTR(c) ((c) >> 32 & 0xf)
/* may throw: probed at its return instructions, not by a return probe */
#define PROBE_COOKIE_BY_EXIT (1ULL << 36)
/* calls no other probed function: a call that is left out needs no return probe */
#define PROBE_COOKIE_LEAF (1ULL << 37)
/* which of memleak_state.trap follows the same function by trap points, 0: none */
#define PROBE_COOKIE_TRAP_SHIFT 38
#define PROBE_COOKIE_TRAP(c) ((c) >> PROBE_COOKIE_TRAP_SHIFT & (MAX_TRAPS - 1))
/* of a pending call: it was begun by a trap point, and has no return probe */
#define PROBE_COOKIE_BY_POINT (1ULL << 43)

/*
 * A function with one trap: places in its code where its result is known, instead of entry and
 * return. See user/elf/points.h for how they are found, user/traps.h for how they come to be used.
 */
#define MAX_TRAPS 32	    /* functions, the first number is not used */
#define MAX_TRAP_POINTS 512 /* places in all of them */

enum trap_mode {
	TRAP_OFF,   /* the points are ignored */
	TRAP_PROVE, /* entry and return record; the points are compared with them */
	TRAP_ON, /* the points record; a call that was entered before is finished by its return */
};

enum trap_point_kind {
	TRAP_RESULT, /* pointer and size are known */
	TRAP_BEGIN,  /* the size is known */
	TRAP_END,    /* the pointer is known, of the call that a TRAP_BEGIN began */
};

/* Where a value is at a point: in a register as the machine numbers them, or */
#define TRAP_NULL 16  /* the value is NULL */
#define TRAP_STACK 17 /* in a word so many bytes above rsp */

#define TRAP_GOES_ON 1 /* at a conditional jump: counts if it is not taken */
#define TRAP_TAKEN 2   /* if it is taken */

struct trap_point {
	__u64 cookie; /* the function's PROBE_COOKIE, with its number in memleak_state.trap */
	__u8 kind;    /* enum trap_point_kind */
	__u8 ptr, size, fp;
	__u8 ways; /* TRAP_GOES_ON | TRAP_TAKEN: no matter */
	__u8 cc;   /* the jump's condition, lowest bits of its opcode */
	__u16 size_at, fp_at;
	__u16 depth; /* bytes from rsp up to the return address */
	__u32 pad;
};
_Static_assert(sizeof(struct trap_point) == 24, "mapped as it is");

struct trap {
	__u32 mode;	/* enum trap_mode */
	__u32 inflight; /* calls that were entered and have not returned */
	__u64 calls;	/* proving: that agreed */
	__u64 wrong;	/* that did not */
	__u64 hits;	/* of points, by those calls */
};
/* After so many calls, and again after as many, the proof is looked at. */
#define TRAP_PROOF_CALLS 1000

/*
 * A live block, as a slot of the live table (bpf/live_table.h). Three words, packed:
 * where: 56 bits of address | 3 bits of space | 3 bits of reach | 1 bit held | 1 bit busy
 * what:  48 bits of size | 8 bits of space | 8 bits of entry point
 * when:  24 bits of stack | 37 bits of birth | 3 bits of epoch
 */
struct live_slot {
	__u64 where, what, when;
};
struct live_was { /* that has left the table */
	__u64 what, when;
};

/*
 * The table has two parts. A block goes into the near one if there is room in its window there: so
 * what a program with few blocks uses of the table is small, and stays in the processor's caches
 * and in what it remembers of the page tables. Other blocks go into the far part.
 */
#ifndef LIVE_WINDOW	/* tests make it smaller */
#define LIVE_WINDOW 256 /* slots from its home on that a block may be in */
#define LIVE_NEAR_WINDOW 8
#endif
#define LIVE_NEAR_HOMES (256U << 10) /* 6 MiB */
/* A part has more homes than this: see live_hash. */
#define LIVE_MIN_HOMES (32U * LIVE_WINDOW)
/* Homes for so many blocks, in both parts. Of three slots two are taken at most: see live_hash. */
#define LIVE_HOMES_FOR(blocks)                                                                     \
	((blocks) + (blocks) / 2 > LIVE_MIN_HOMES ? (blocks) + (blocks) / 2 : LIVE_MIN_HOMES)
/* How many of them are in the near part; none of a table that is small anyway. */
#define LIVE_NEAR_OF(homes) ((homes) >= 2 * LIVE_NEAR_HOMES ? LIVE_NEAR_HOMES : 0U)
#define LIVE_SLOTS(homes) ((homes) + LIVE_NEAR_WINDOW + LIVE_WINDOW)
#define LIVE_MAX_BLOCKS (112U << 20) /* an array map of kernels before 6.0 ends at 4 GiB */

/*
 * Of the address the low 56 bits: what is above is the same for all addresses of the kernel, and
 * for those of programs a tag (arm64: top byte ignored), or nothing.
 */
#define LIVE_ADDR_BITS 56
#define LIVE_ADDR_MASK ((1ULL << LIVE_ADDR_BITS) - 1)
#define LIVE_ADDR(where) ((where) >> 8)
#define LIVE_BUSY 1ULL /* being filled: its words mean nothing yet */
#define LIVE_HELD 2ULL /* in a realloc: outstanding, but only who holds it may find it */
#define LIVE_KEY(addr, space) (((addr)&LIVE_ADDR_MASK) << 8 | ((space)&7) << 5)
/*
 * How many slots from a home on may hold its blocks: a power of 2, or all of its window, and then
 * the far part may as well. Code 0, in a table that is empty, is one slot.
 */
#define LIVE_REACH_MASK (7ULL << 2)
#define LIVE_REACH(where) ((where) >> 2 & 7)
#define LIVE_REACH_ALL 7U
#define LIVE_REACH_SLOTS(reach) ((reach) < LIVE_REACH_ALL ? 1U << (reach) : LIVE_WINDOW)

/* Bytes asked for; what is more than 256 TiB is taken for that. */
#define LIVE_MAX_SIZE ((1ULL << 48) - 1)
#define LIVE_WHAT(size, space, entry)                                                              \
	(((size) < LIVE_MAX_SIZE ? (size) : LIVE_MAX_SIZE) << 16 | ((__u64)(space)&255) << 8 |     \
	 ((__u64)(entry)&255))
#define LIVE_SIZE(what) ((what) >> 16)
#define LIVE_SPACE(what) ((what) >> 8 & 255) /* changes with every exec of the target */
#define LIVE_ENTRY(what) ((what)&255)	     /* index into the table of entry points */

/*
 * stack: see stack_slot, 0: it was lost. birth: the kernel's jiffies, whose low 37 bits last four
 * years at 1000 Hz; a realloc keeps that of the first birth. epoch: one more than SEEN_EPOCH at
 * birth, 0 once a snapshot has seen the block.
 */
#define LIVE_BIRTH_MASK ((1ULL << 37) - 1)
#define LIVE_WHEN(stack, birth) ((__u64)(stack) << 40 | ((__u64)(birth)&LIVE_BIRTH_MASK) << 3)
#define LIVE_STACK(when) ((when) >> 40)
#define LIVE_BIRTH(when) ((when) >> 3 & LIVE_BIRTH_MASK)
#define LIVE_EPOCH(when) ((when)&7)
#define LIVE_EPOCH_MASK 7ULL

/*
 * STAT_RECORDED of a CPU counts in its low bits; the top ones hold the epoch, which user space
 * moves on when it takes a snapshot: so each allocation is counted, and told before or after, in
 * one step.
 */
#define SEEN_EPOCH_SHIFT 62
#define SEEN_COUNT(v) ((v) & ((1ULL << SEEN_EPOCH_SHIFT) - 1))
#define SEEN_EPOCH(v) ((v) >> SEEN_EPOCH_SHIFT)

/*
 * Kernels before 5.15: the live table is a hash map (bpf/live_hash.bpf.h). id: CPU << 48 | what
 * STAT_RECORDED counted on it before. It is in place of the epoch: there the counter cannot be read
 * and moved on in one step.
 */
struct live_key {
	__u64 addr;
	__u64 space;
};
struct live_entry {
	__u64 what, when, id;
	__u64 held; /* in a realloc */
};
#define LIVE_ID(cpu, counted) ((__u64)(cpu) << 48 | (counted))
#define LIVE_ID_CPU(id) ((id) >> 48)
#define LIVE_ID_COUNTED(id) ((id) & ((1ULL << 48) - 1))

/*
 * One row of an unwind table: how to get from a frame to its caller's.
 *
 * x86-64: a row finds the CFA (canonical frame address: sp right before the call instruction pushed
 * the return address, DWARF 5, 6.4). From it: the return address is at CFA - 8, the caller's sp is
 * the CFA, the caller's rbp is at CFA - 8 * save, or still in rbp when save is 0.
 */
enum unwind_kind {
	UNWIND_SP,	    /* CFA = sp + 8 * cfa */
	UNWIND_FP,	    /* CFA = rbp + 8 * cfa */
	UNWIND_PLT,	    /* PLT stub: CFA = sp + 8 + ((pc & 15) >= cfa ? 8 : 0) */
	UNWIND_SIGNAL,	    /* signal frame: registers come from the kernel's sigcontext */
	UNWIND_END,	    /* no code described from here on: a gap */
	UNWIND_BOTTOM,	    /* return address undefined: outermost frame */
	UNWIND_UNSUPPORTED, /* described, but not by one of these */
	/*
	 * Functions that align their stack (gcc -mavx, force_align_arg_pointer) keep the CFA in
	 * their frame: CFA = *(rbp - 8 * cfa), the caller's rbp is at *rbp; save is 0.
	 */
	UNWIND_FP_DEREF,
	/*
	 * Frames of 512 KiB to 8 MiB (buffers on the stack): CFA = sp + 8 * (cfa + 65536 * (save >>
	 * 4)), and save & 15 is the slot of rbp.
	 */
	UNWIND_SP_FAR,
	UNWIND_N_KINDS,
};

/*
 * Part of unwind_row.kind: only an allocator function that has trap points is there, so what is
 * called from there is its own doing.
 */
#define UNWIND_ALLOCATOR 0x80

struct unwind_row {
	__u32 pc;  /* from here on to the next row's pc; ELF vaddr - image base */
	__u16 cfa; /* see the kind */
	__u8 kind; /* enum unwind_kind, perhaps with UNWIND_ALLOCATOR */
	__u8 save; /* slot of rbp below the CFA, 0: unchanged */
};

/* Code at [start, end): rows [row_lo, row_hi) with pc counted from bias; no rows: frame pointers.
 */
struct unwind_seg {
	__u64 start, end;
	__u64 bias;
	__u32 row_lo, row_hi;
};
#define UNWIND_MAX_SEGS 8192 /* of one state of the address space; the map holds two */

/* A frame's pc that is no return address, but the instruction a signal has interrupted. */
#define PC_INTERRUPTED (1ULL << 63)
#define PC_ADDR(pc) ((pc) & ~PC_INTERRUPTED)

/* Why a stack walk ended. */
enum walk_end {
	WALK_BOTTOM,  /* outermost frame reached, by its row */
	WALK_FP_ZERO, /* frame pointer 0: outermost frame by convention, if it is a frame pointer */
	WALK_CHAIN,   /* what should be the next frame is not above this one */
	WALK_FAULT,   /* stack memory could not be read */
	WALK_DEPTH,   /* max-depth frames taken, more to come */
	WALK_NO_MAPPING,  /* code at an address that was not known yet */
	WALK_UNSUPPORTED, /* row of a kind that cannot be followed */
	WALK_ENDS,
};

/* The frames of a distinct stack. Cut to max-depth frames when the map is made. */
struct stack_head {
	__u32 depth;
	__u32 end; /* enum walk_end */
};
struct stack_trace {
	struct stack_head head;
	__u64 pc[MEMLEAK_MAX_DEPTH]; /* innermost first; return addresses, or PC_INTERRUPTED */
};

/*
 * A slot of the stack table (bpf/stack_table.h). A stack's key is one more than the index of its
 * slot; it never moves.
 */
struct stack_slot {
	__u64 hash;   /* of the frames, 0: free */
	__u64 hits;   /* heap allocations seen with this stack */
	__u64 frames; /* one more than the index of its frames, 0: not stored yet */
};
#define STACK_NO_FRAMES (~0ULL) /* no room for its frames */
#ifndef STACK_WINDOW
#define STACK_WINDOW 128 /* slots from its home on that a stack may be in */
#endif

/*
 * --profile: what has become of the blocks of one stack and entry point (bpf/profile.h). Indexed by
 * PROFILE_INDEX; of blocks whose stack was lost there is one for each entry point.
 */
#define PROFILE_LIVES 28 /* by lifetime in ticks: none, 1, up to 3, up to 7, ..., 2^26 and more */
#define PROFILE_ENTRIES 256 /* as LIVE_ENTRY */
#define PROFILE_INDEX(stack, entry) ((stack) ? PROFILE_ENTRIES - 1 + (stack) : (entry))
struct profile_sum {
	__u64 count, bytes;
};
struct profile_stack {
	struct profile_sum made, freed;
	struct profile_sum gone;      /* lost sight of, or given up by execve */
	struct profile_sum temporary; /* freed by the next call of the thread that made them */
	struct profile_sum at_peak;   /* put aside: PROFILE_ASIDE of what was outstanding */
	__u64 seen;		      /* number of the peak that it was outstanding at */
	__u64 entry;		      /* one more than the entry point's number */
	__u64 lived[PROFILE_LIVES];   /* freed, by lifetime */
};
_Static_assert(sizeof(struct profile_stack) == 320, "whole cache lines");

/*
 * The low bits of a peak's number stand beside what was put aside then, so that a later copy is
 * never equal. More than 2^40 - 1 bytes are taken for that.
 */
#define PROFILE_ASIDE_BITS 40
#define PROFILE_ASIDE_MASK ((1ULL << PROFILE_ASIDE_BITS) - 1)
#define PROFILE_ASIDE(moment, value)                                                               \
	((moment) << PROFILE_ASIDE_BITS |                                                          \
	 ((value) < PROFILE_ASIDE_MASK ? (value) : PROFILE_ASIDE_MASK))
#define PROFILE_ASIDE_VALUE(word) ((word)&PROFILE_ASIDE_MASK)

struct profile_total {
	__u64 outstanding; /* bytes */
	__u64 peak;	   /* the most that these have been */
	__u64 moment;	   /* number of the last peak, or execve */
	__u64 exec_moment; /* of the last execve */
	__u64 peak_time;   /* jiffies */
	__u64 pad[3];
};

/* Counters, STAT_ROOM of them for each CPU. */
enum stat_id {
	STAT_RECORDED,	   /* allocations entered into the live table; and the epoch: SEEN_COUNT */
	STAT_FREED,	   /* blocks freed by their program */
	STAT_IMPLIED,	   /* replaced by a newer block at their address: a free was missed */
	STAT_LOST_FULL,	   /* not recorded: live table full */
	STAT_LOST_READ,	   /* not recorded: the pointer could not be read (posix_memalign) */
	STAT_LOST_REALLOC, /* old block of a realloc that never returned */
	STAT_STACK_FULL,   /* recorded without a stack: stack table full */
	STAT_STACK_FAULT,  /* recorded with its caller only: stack memory unreadable */
	STAT_UNTRACKED_FREE, /* free of an address that is not in the live table; not of a sample */
	STAT_FAILED,	     /* calls that returned no memory */
	STAT_ABANDONED,	     /* calls that never returned: exception, longjmp, thread end */
	STAT_NO_SLOT,	     /* calls not followed: no per-thread slot */
	STAT_FILTERED,	     /* allocations outside -z/-Z */
	STAT_UNSAMPLED,	     /* allocations passed over: not in the sample */
	STAT_EVENT_LOST,     /* notifications lost: ring buffer full */
	STAT_CALL_MISSED,    /* system calls of the target that were seen at one end only */
	STAT_CALL_OPEN,	     /* threads of it whose last such call was not seen to return */
	STAT_CHILDREN,	     /* processes that the target has started */
	STAT_MAX,
	STAT_ROOM = 32, /* so that no two CPUs share a cache line */
};

/* Notifications through the ring buffer. */
enum event_type {
	EVENT_STACK,	  /* a stack was seen for the first time: struct stack_event */
	EVENT_STACK_REST, /* the rest of a stack that runs into unknown code: struct stack_rest */
	EVENT_EXEC_MAP,	  /* the target mapped a file executable */
	EVENT_EXEC,	  /* the target called execve; memleak_state.space has changed */
	EVENT_ENTRY,	  /* a started program has reached its entry point */
	EVENT_MAP,	  /* mmap outside the allocator */
	EVENT_UNMAP,	  /* munmap */
	EVENT_REMAP,	  /* mremap */
	EVENT_BRK,	  /* brk, outside the allocator */
	EVENT_ALLOC,	  /* -t: an allocation */
	EVENT_FREE,	  /* -t: a free */
	EVENT_TRAP,	  /* a function's points are proven, or wrong: memleak_state.trap[entry] */
	EVENT_STOP,	  /* the started program has been stopped: memleak_state.stopped */
	EVENT_ANCHOR_EXIT /* the thread that the probes are bound to ended, others go on */
};

struct event {
	__u32 type; /* enum event_type */
	__u32 tid;
	__u64 time_ns; /* CLOCK_MONOTONIC; UNMAP: when the call began */
	__u64 addr;    /* MAP, UNMAP: start; REMAP: new start; BRK: new break; ALLOC, FREE: block */
	__u64 size;    /* MAP, UNMAP, ALLOC: bytes; REMAP: new bytes */
	__u64 old_addr; /* REMAP; BRK: old break */
	__u64 old_size; /* REMAP */
	__u64 stack;	/* key of the stack, 0: none */
	__u32 flags; /* MAP: MAP_ flags; REMAP: MREMAP_ flags; EXEC: by a thread other than the main
			one */
	__u32 entry; /* ALLOC, FREE: entry point; MAP: PROT_ flags */
	__u32 space; /* as in memleak_state */
	__u32 cpu;
	char comm[16];
};

/*
 * A new stack, with its frames: reading them from the map would take a system call, during
 * which the kernel passes over tracepoint programs on that CPU.
 */
struct stack_event {
	__u32 type; /* EVENT_STACK */
	__u32 pad;
	__u64 key;
	struct stack_trace trace; /* only head.depth frames are sent */
};

/*
 * Where a walk met code whose mapping is not known yet (a plugin's constructor during dlopen), and
 * the stack from there on: user space walks on once it knows the mapping.
 */
#define STACK_REST_SIZE 8192
struct stack_rest {
	__u32 type; /* EVENT_STACK_REST */
	__u32 size; /* bytes of copy that are filled */
	__u64 key;
	__u64 pc, sp, fp;  /* of the frame that could not be left */
	__u32 interrupted; /* pc is no return address */
	__u32 pad;
	__u64 copy[STACK_REST_SIZE / 8]; /* from sp on */
};

#define SAMPLE_MAX_DIGITS 48 /* of a gap between sample points: bpf/sample.h */

/* Settings, constant once loaded: the verifier removes what they switch off. */
struct memleak_config {
	__u64 min_size, max_size;   /* bytes; record only allocations in [min, max] */
	__u64 pidns_dev, pidns_ino; /* our pid namespace; ino 0: the initial one */
	__u32 max_depth;	    /* frames a stack keeps */
	__u32 sample;		    /* record 1 in sample allocations, drawn at random */
	__u32 sample_digits;	    /* sampling by bytes: bpf/sample.h; 0: not so */
	__u32 live_near,
		live_far;    /* homes in the parts of the live table; near: 0 if there is none */
	__u32 stack_slots;   /* the same of the stack table, STACK_WINDOW less */
	__u32 max_stacks;    /* room for the frames of so many */
	__u8 started;	     /* we started the target: stop it while its libraries are mapped */
	__u8 trace;	     /* -t */
	__u8 frame_pointers; /* --stack fp */
	__u8 profile;	     /* --profile */
	__u64 sample_chance[SAMPLE_MAX_DIGITS]; /* times 2^64 */
};

/* Shared state, written by BPF and read, or set before attaching, by user space. */
struct memleak_state {
	__u32 tgid;	 /* the target, as our pid namespace numbers it; 0: none */
	__u32 space;	 /* counts execs of the target */
	__u32 launching; /* between exec and the program's entry point */
	__u32 stopped;	 /* we have stopped the started program; user space clears it */
	__u32 gen;	 /* changes with segs: what the row cache holds is for one gen */
	__u64 segs;	 /* unwind_segs in force: first | one past the last << 32 */
	__u32 anchor;	 /* thread whose address space the kernel compares with: see links.h */
	__u32 n_stacks;	 /* frames given out */
	__u32 exiting; /* the thread of the started program that has called _exit; user space clears
			  it */
	__u32 nesting; /* a function taken for a leaf has called a probed one: none are */
	__u64 jiffies, now_ns; /* the same moment on two clocks: see read_clock */
	struct trap trap[MAX_TRAPS];
	__u64 apart[8]; /* what follows is written with each call: in no cache line of the above */
	struct profile_total profile; /* --profile */
};

#endif
