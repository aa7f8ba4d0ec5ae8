/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ksession - the BPF side of a trace of the kernel's allocators: open, configure, load, attach,
 * read, destroy. Everything in the kernel hangs on file descriptors of this object.
 */
#ifndef KERNEL_KSESSION_H
#define KERNEL_KSESSION_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../bpf/memleak.h"

#include "../../bpf/kernel.h"

struct btf;
struct filter_prog;
struct kallsyms;
struct ksession;

struct ksession_opts {
	uint64_t min_size, max_size; /* bytes got */
	pid_t tgid;		     /* only what this process allocates, 0: all */
	uint64_t max_live, max_stacks;
	uint32_t max_depth;
	uint64_t stack_every; /* 1: a stack of each allocation */
	bool pages, percpu, vmalloc;
	bool old;			  /* with the programs for kernels before 6.0 */
	const struct filter_prog *filter; /* -f, compiled; NULL: everything passes */
	const int *cgroups;		  /* descriptors of the cgroups in it, n_cgroups of them */
	size_t n_cgroups;
	const struct btf *btf;		/* of the running kernel */
	const struct kallsyms *symbols; /* may be NULL */
	bool verbose;			/* libbpf's messages on stderr */
};

/*
 * Load and attach. Returns 0 or negative errno with *why, static: -ENOENT an event is missing,
 * -ENOMEM the tables do not fit into memory.
 */
int ksession__new(const struct ksession_opts *opts, struct ksession **out, const char **why);
void ksession__free(struct ksession *s);
/* Stop recording, keep the tables. */
void ksession__detach(struct ksession *s);
/* Go on. What was freed meanwhile stays in the tables. Returns 0 or negative errno. */
int ksession__attach(struct ksession *s);

/*
 * Between these two calls our process has no thread that runs: so what anybody allocates is wanted,
 * and the programs need not ask who it is.
 */
void ksession__rest(struct ksession *s, bool rest);

struct ksession_clock {
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	uint32_t now;	 /* jiffies */
	uint64_t tick_ns;
};
int ksession__read_clock(struct ksession *s, struct ksession_clock *clock);
/* CLOCK_MONOTONIC in ns, exact to a tick, of some jiffies in the past. */
uint64_t ksession__time_of(const struct ksession_clock *clock, uint32_t jiffies);
/* All 64 bits of them, of some jiffies that are no older than 2^31. */
uint64_t ksession__ticks_of(const struct ksession_clock *clock, uint32_t jiffies);

/*
 * Wait for the end of all programs that run now. What they have begun to write is then written.
 */
int ksession__sync(struct ksession *s);

/*
 * Begin a new epoch, and wait until nothing is counted or entered in the old one any more.
 * *epoch: the new one, as OBJECT_EPOCH has it, or struct object_entry. seen[]: allocations seen at
 * each site until then; KERNEL_SITES of them.
 */
int ksession__next_epoch(struct ksession *s, uint32_t *epoch, uint64_t *seen);

struct ksession_stats {
	uint64_t sum[KSTAT_MAX];	      /* FULL, NO_SITE: of the epochs before */
	uint64_t missed_allocs, missed_frees; /* events that the kernel did not tell of */
	uint64_t runs, run_ns; /* of the programs, where the kernel counts that; else 0 */
};
void ksession__stats(struct ksession *s, struct ksession_stats *stats);
uint64_t ksession__seen(const struct ksession *s); /* about so many allocations until now */

/*
 * Where the table of objects is a hash map: its descriptor, and in *n how many are in it. Else
 * negative.
 */
int ksession__object_hash(const struct ksession *s, size_t *n);
void ksession__count_removed(struct ksession *s, size_t n); /* we took these out of it */
size_t ksession__max_objects(const struct ksession *s);	    /* that the table has room for */

/* In memory shared with the programs. */
struct object_slot *ksession__objects(const struct ksession *s, size_t *n);
const struct kernel_site *ksession__sites(const struct ksession *s);
/* The frames of the stack with this key, NULL: there are none. */
const struct stack_trace *ksession__stack(const struct ksession *s, uint32_t key);
const struct kernel_latest *ksession__latest(const struct ksession *s, uint32_t key);
/* Stacks that were taken since the start, down to their end and not. */
void ksession__stacks_taken(const struct ksession *s, uint64_t *complete, uint64_t *cut);
size_t ksession__max_stack_key(const struct ksession *s);

/*
 * Of each possible CPU what lies between a percpu pointer and its memory, and where the CPU's
 * struct rq is, 0: unknown. offset, runqueue: room for ksession__n_cpus. Returns 0 or negative
 * errno.
 */
int ksession__learn_cpus(struct ksession *s, uint64_t *offset, uint64_t *runqueue);
size_t ksession__n_cpus(const struct ksession *s);

/* Read kernel memory. Returns 0 or negative errno. */
int ksession__peek(struct ksession *s, uint64_t addr, void *buf, size_t size);
#endif
