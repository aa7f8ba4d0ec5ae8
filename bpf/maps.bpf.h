/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * maps - all maps and shared variables.
 *
 * Defined weak, so that every object that includes this shares one instance once linked.
 * Sizes marked "set at load" are chosen by user/session.c.
 */
#ifndef MAPS_BPF_H
#define MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "func.bpf.h"
#include "memleak.h"

const volatile struct memleak_config cfg __weak = {};
struct memleak_state state __weak = {};

/* Distinct stacks (stack_table.bpf.h), and their frames. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct stack_slot);
} stack_slots __weak SEC(".maps");

/* value_size is cut to max_depth at load */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct stack_trace);
} stack_frames __weak SEC(".maps");

/*
 * STAT_ROOM counters for each CPU. Not a per-CPU map: user space reads this one without a system
 * call, during which the kernel would pass over tracepoint programs on that CPU (bpf_prog_active).
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, STAT_ROOM); /* set at load */
	__type(key, __u32);
	__type(value, __u64);
} stats __weak SEC(".maps");

#define EVENTS_SIZE (4 << 20)
/* Bytes that user space has not read yet. 0: BPF_RB_AVAIL_DATA of include/uapi/linux/bpf.h */
#define events_unread() bpf_ringbuf_query(&events, 0)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_SIZE);
} events __weak SEC(".maps");

/*
 * Unwind tables: the rows of all images one after the other, written by user space through mmap,
 * and which code they belong to. Rows are only added; segments come in two halves that alternate.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct unwind_row);
} unwind_rows __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * UNWIND_MAX_SEGS);
	__type(key, __u32);
	__type(value, struct unwind_seg);
} unwind_segs __weak SEC(".maps");

/* Rows found before. tag is made of both pc and row, so a torn entry does not match. */
struct cached_row {
	__u64 tag;
	__u64 row;
};

#define ROW_CACHE_BITS 12
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 << ROW_CACHE_BITS);
	__type(key, __u32);
	__type(value, struct cached_row);
} row_cache __weak SEC(".maps");

/* The segment that was found last: most frames lie in two or three of them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} seg_hint __weak SEC(".maps");

/* Places in functions with one trap, written by user space; the attach cookie is the index. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_TRAP_POINTS);
	__type(key, __u32);
	__type(value, struct trap_point);
} trap_points __weak SEC(".maps");

#ifndef MEMLEAK_OLD
/* --profile: bpf/profile.h */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set at load */
	__type(key, __u32);
	__type(value, struct profile_stack);
} profiles __weak SEC(".maps");
#endif

#define STACK_COPY 1024 /* bytes of stack copied at once, at most: some 20 frames */

/* An allocator call between its entry and its return. */
struct pending_call {
	__u64 sp; /* stack pointer at entry */
	__u64 cookie;
	__u64 ra;   /* where there is no return probe: the return address */
	__u64 size; /* bytes asked for, ~0: the product overflowed */
	__u64 ptr;  /* old block, or where the new pointer will be stored */
	__u64 old;  /* realloc: the old block's slot in the live table, held */
	__u64 old_when;
	__u64 fp; /* rbp at the return */
	__u8 active;
	__u8 has_old;
	__u8 counter; /* enum stat_id: where it counts, STAT_RECORDED: it is to be recorded */
	/* trap.bpf.h: is it counted as in flight; what its points said, and how often */
	__u8 counted;
	__u8 met, begun, hits;
	__u64 met_ptr, met_size, met_fp;
};

/* mmap, munmap, mremap or brk between entry and return. */
struct pending_syscall {
	__u64 type; /* enum event_type */
	__u64 arg[4];
	__u64 time_ns;
	__u8 active;
};

/* A walk up a stack: the frame that is reached, and what the frames so far come to. */
struct walk {
	__u64 pc, sp, fp;
	__u64 hash, factor; /* see unwind_add */
	__u32 depth, end;
	__u8 signalled; /* a signal's frame has been passed */
	__u8 inner;	/* a frame of an allocator function was among them: UNWIND_ALLOCATOR */
	__u8 noting;	/* into which memo, if the next steps are to be noted */
	__u8 memo;
	__u8 recalled; /* there were memos for some: their frames are not in stack.trace */
	__u64 from_pc, from_sp, from_fp;
};

/* The row that a frame had in a walk before. By where it is: 16 bytes apart, or more. */
struct row_hint {
	__u64 tag; /* pc ^ gen << 48 */
	__u64 row;
};
#define ROW_HINTS 64
#define ROW_HINT(sp) ((sp) >> 4 & (ROW_HINTS - 1))

/* Some steps of a walk as they were made before: memo.bpf.h. */
#define MEMO_WORDS 16
struct walk_memo {
	__u64 pc, sp, fp;   /* where they begin */
	__u64 to_pc, to_sp; /* and end */
	__u64 hash, factor; /* what they come to */
	__u32 gen;
	__u32 end;		/* enum walk_end, if ends */
	__u8 valid, ends, bad;	/* bad: cannot be noted */
	__u8 fp_state, fp_used; /* enum memo_fp; fp is part of where they begin */
	__u8 frames;
	__u8 misses;
	__u8 n;	     /* words */
	__u16 fp_at; /* where the caller's frame pointer is: words above sp */
	__u16 span;  /* all words are below this one */
	__u32 pad;
	__u64 word[MEMO_WORDS];
	__u16 at[MEMO_WORDS];
};
#define MEMOS 12

/* What a walk works with. */
struct workspace {
	struct walk walk;
	struct stack_event stack; /* being walked */
	__u64 copy_at;		  /* address that the copy begins with */
	__u64 copy_size;	  /* bytes in it */
	__u64 copy_begin;	  /* index of its first word: see unwind_copy */
	__u64 copy_kept;	  /* it is good for the next walk */
	__u64 top;		  /* where the last walk ended */
	__u64 copy[2 * STACK_COPY / 8];
	struct row_hint hint[ROW_HINTS];
#ifndef MEMLEAK_OLD
	struct walk_memo memo[MEMOS];
#endif
};

/*
 * What belongs to one thread, and what its programs work with. Task storage, as uprobe programs can
 * be preempted (since 6.0): per-CPU memory would be another thread's in between. That goes for the
 * stack as well: since 6.13 functions that use 64 bytes of it or more get a "private" stack, one
 * per CPU (bpf_enable_priv_stack in kernel/bpf/verifier.c). So what is not a word or two lives
 * here, and tests/stack-size measures.
 */
struct thread_slot {
	struct pending_call call;
	struct pending_syscall sys;
	__u64 last_free;  /* block freed last, 0: none */
	__u64 next_point; /* see sample_holds */
	/* --profile: the block allocated last, 0: there was a free since; and one that is gone */
	__u64 last_alloc;
	struct live_was was;
#ifndef MEMLEAK_OLD
	struct workspace work;
#endif
};
/*
 * Since 7.0 the kernel takes task storage from kmalloc_nolock(), which has no more than 8 KiB; some
 * 200 bytes are its own (struct bpf_local_storage_elem).
 */
_Static_assert(sizeof(struct thread_slot) <= 8192 - 256, "no thread would have a slot");

/* A counter of this CPU. */
static __always_inline __u64 *stat_counter(__u32 id)
{
	__u32 i = bpf_get_smp_processor_id() * STAT_ROOM + id;

	return bpf_map_lookup_elem(&stats, &i);
}

static __always_inline void stat_add(__u32 id, __s64 n)
{
	__u64 *v = stat_counter(id);

	/* atomic although per CPU: another task may preempt us between load and store */
	if (v)
		__sync_fetch_and_add(v, n);
}

static __always_inline void stat_inc(__u32 id)
{
	stat_add(id, 1);
}

#endif
