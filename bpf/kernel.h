/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * kernel.h - the ABI between the programs that follow the kernel's own allocators (kernel.bpf.c)
 * and user space. Include memleak.h first: live slots, stack slots and stacks are those of
 * processes.
 */
#ifndef MEMLEAK_KERNEL_H
#define MEMLEAK_KERNEL_H

/* What an object was allocated from. Part of a site. */
enum kernel_class {
	KERNEL_KMALLOC,
	KERNEL_CACHE, /* kmem_cache_alloc */
	KERNEL_PAGES,
	KERNEL_PERCPU,
	KERNEL_VMALLOC,
	KERNEL_CLASSES,
};

/*
 * The space of an object's address: different allocators may use the same number.
 * kmalloc and caches share one, as kfree may free what came from a cache.
 */
enum kernel_space {
	KERNEL_SPACE_SLAB = 1,
	KERNEL_SPACE_PAGES,  /* "address": of the struct page */
	KERNEL_SPACE_PERCPU, /* these are offsets, up or down: the top byte is all zeroes ... */
	KERNEL_SPACE_PERCPU_NEGATIVE, /* ... or all ones */
	KERNEL_SPACE_VMALLOC,
};
#define KERNEL_PERCPU_SPACE(ptr)                                                                   \
	((__u64)(ptr) >> 63 ? KERNEL_SPACE_PERCPU_NEGATIVE : KERNEL_SPACE_PERCPU)

/*
 * An object that is outstanding, as a slot of the object table (object_table.h). Three words:
 *
 * where: 56 bits of address, 8 bits of space
 *
 * what: 28 bits of bytes got, 28 bits of bytes asked for, 8 bits of space; vmalloc hands out more
 * than that, its sizes are pages
 *
 * when: 24 bits of origin, 8 bits of epoch, 32 bits of birth (the low half of jiffies)
 */
struct object_slot {
	__u64 where, what, when;
};
#ifndef OBJECT_WINDOW
#define OBJECT_WINDOW 256 /* slots from its home on that an object may be in */
#endif
#define OBJECT_WHERE(addr, space) ((__u64)(addr) << 8 | (space))
#define OBJECT_ADDR(where) ((where) >> 8)
#define OBJECT_ADDR_MASK (~0ULL >> 8)
/* The whole address. With five levels of page tables kernel addresses have any 56 low bits. */
#define OBJECT_POINTER(addr, space)                                                                \
	((addr) | ((space) == KERNEL_SPACE_PERCPU ? 0 : ~OBJECT_ADDR_MASK))

#define OBJECT_MAX_SIZE ((1ULL << 28) - 1)
#define OBJECT_UNIT(space) ((space) == KERNEL_SPACE_VMALLOC ? 4096ULL : 1ULL)
/* Sizes are in units, and at most OBJECT_MAX_SIZE. */
#define OBJECT_WHAT(req, alloc, space) ((__u64)(alloc) << 36 | (__u64)(req) << 8 | (space))
#define OBJECT_SPACE(what) ((what)&255)
#define OBJECT_ALLOC(what) (((what) >> 36) * OBJECT_UNIT(OBJECT_SPACE(what)))
#define OBJECT_REQ(what) (((what) >> 8 & OBJECT_MAX_SIZE) * OBJECT_UNIT(OBJECT_SPACE(what)))

#define OBJECT_WHEN(origin, birth, epoch)                                                          \
	((__u64)(origin) << 40 | (__u64)(epoch) << 32 | (__u32)(birth))
#define OBJECT_ORIGIN(when) ((when) >> 40)
#define OBJECT_BIRTH(when) ((__u32)(when))
/* The epoch that it was born in: from 1 on, then again; 0: a snapshot has seen it. */
#define OBJECT_EPOCH(when) ((when) >> 32 & 255)
#define OBJECT_EPOCH_MASK (255ULL << 32)
#define OBJECT_EPOCHS 254

/* The same in a hash map by where, before 6.0 (object_hash.bpf.h). when: without an epoch. */
struct object_entry {
	__u64 what, when;
	__u64 epoch; /* that it was born in: numbered on and on */
};

/* The verifier follows offsets below 512 MiB; of three slots two are used. */
#define KERNEL_MAX_HOME_BITS 24
#define KERNEL_MAX_LIVE ((1U << KERNEL_MAX_HOME_BITS) / 3 * 2)

/*
 * Where an object comes from, its origin: 0 unknown (tables full); up to
 * KERNEL_SITES one more than the index of its site; above that KERNEL_SITES + the key of its stack,
 * whose head names the site.
 */
#define KERNEL_SITE_BITS 13
#define KERNEL_SITES (1 << KERNEL_SITE_BITS)

/* What is in the context of which an allocation was made. */
enum kernel_context {
	KERNEL_TASK,
	KERNEL_SOFTIRQ,
	KERNEL_HARDIRQ,
	KERNEL_CONTEXTS,
};

/* The word "end" of a stack's head. */
#define KSTACK_END(site, context, cut) ((__u32)(site) << 8 | (__u32)(context) << 1 | (cut))
#define KSTACK_SITE(end) ((end) >> 8)
#define KSTACK_CONTEXT(end) ((end) >> 1 & 127)
#define KSTACK_CUT(end) ((end)&1) /* there was no room for more frames */

/* A place in the code that allocates from one allocator or cache. Never removed. */
struct kernel_site {
	__u64 hash; /* 0: free */
	__u64 call_site;
	__u64 cache;	  /* address of the struct kmem_cache, 0: none or not known */
	__u32 class;	  /* enum kernel_class */
	__u32 req, alloc; /* bytes of an object of the cache, and with what surrounds it */
	__u32 pad;
	char name[32]; /* of the cache */
};
#define SITE_WINDOW 64

/* The latest allocation with a stack, by the stack's key less 1. */
struct kernel_latest {
	__u32 busy; /* being written */
	__u32 pid;
	__u64 jiffies;
	char comm[16];
};

/* What a CPU knows of a site. */
struct site_hits {
	__u64 hash;    /* 0: not yet that it is at its home */
	__u64 seen[2]; /* allocations, in epochs of even and odd number */
	__u32 until;   /* so many more without a stack */
	__u16 taken;   /* stacks */
	__u16 id;      /* one more than its index */
	__u32 req, alloc;
	__u64 name; /* of the cache: where it is */
};

/* Counters, KSTAT_ROOM of them for each CPU. */
enum kernel_stat {
	KSTAT_FREED,	 /* objects taken out */
	KSTAT_UNTRACKED, /* frees of objects that are not in the live table */
	KSTAT_IMPLIED,	 /* replaced by a newer object at their address: a free was missed */
	KSTAT_FULL,	 /* not recorded, live table full: in epochs of even number */
	KSTAT_FULL_ODD,
	KSTAT_NO_SITE, /* the same, site table full: neither counted among the site's */
	KSTAT_NO_SITE_ODD,
	KSTAT_NO_STACK,	  /* recorded without a stack that was wanted: stack table full */
	KSTAT_STACK_BUSY, /* the same: interrupted while another one was taken */
	KSTAT_FILTERED,	  /* passed over by the filter, -z, -Z or -p */
	KSTAT_PIECES,	  /* of blocks of pages, entered in their place as one was freed in part */
	KSTAT_FAILED,	  /* allocations that failed */
	KSTAT_MAX,
	KSTAT_ROOM = 16,
};

/* A part of the kernel's code that interrupts enter by: stacks end there. */
struct kernel_entry_range {
	__u64 start, end;
	__u32 context; /* enum kernel_context */
	__u32 pad;
};
#define KERNEL_ENTRY_RANGES 6

#define PEEK_ROOM (1 << 16) /* bytes of memory read at once */

/* Settings, constant once loaded: the verifier removes what they switch off. */
struct kernel_config {
	__u64 min_size, max_size; /* bytes got */
	__u32 tgid;		  /* only what this one allocates, 0: all */
	__u32 home_shift;	  /* 2^(64 - home_shift) homes in the object table */
	__u32 n_slots;		  /* in it, OBJECT_WINDOW more than homes */
	__u32 stack_slots;	  /* the same of the stack table, STACK_WINDOW less */
	__u32 max_stacks;	  /* room for the frames of so many */
	__u32 max_depth;	  /* frames a stack keeps */
	__u32 stack_first;	  /* so many stacks of each site are taken in any case */
	__u32 stack_gap;	  /* then one after up to so many, as is drawn; 0: each one */
	__u64 page_size;
	__u64 reaches_at, hits_at; /* bytes from the first object to the reaches, and the hits */
	__u32 n_cpus;		   /* possible ones: percpu memory is there for each */
	__u8 filtered;		   /* -f says something */
	__u8 sized;		   /* min_size and max_size say something */
	__u8 selective;		   /* one of these two does */
	__u8 guarded;		   /* the kernel runs no program again before it has ended (6.1) */
	struct kernel_entry_range entry[KERNEL_ENTRY_RANGES];
};

#define MAX_ORDER 10 /* of blocks of pages */

/* Shared state, written by BPF and read, or set before attaching, by user space. */
struct kernel_state {
	__u32 n_stacks; /* frames given out */
	__u32 epoch;	/* changed by user space when it takes a snapshot */
	__u32 own_tgid; /* ours: what we cause is left out */
	__u32 learner;	/* ours for the moment that we cause something on purpose, else 0 */
	__u32 resting;	/* we sleep, and who allocates need not be asked for */
	__u32 n_objects, n_sites;	 /* in their tables; only where these are hash maps */
	__u8 has_blocks[MAX_ORDER + 1];	 /* of pages: are blocks of that order followed? */
	__u64 splits_begun, splits_done; /* of such blocks (kernel_pages.bpf.h) */
	/* for, and of, the programs that user space runs */
	__s32 peek_result;
	__u32 peek_size;
	__u64 peek_addr;
	__u64 percpu_offset;   /* of the CPU that learn_cpu ran on */
	__u64 runqueue;	       /* its struct rq; 0: not known */
	__u64 jiffies, now_ns; /* the same moment on two clocks */
};

#endif
