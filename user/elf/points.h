/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * points - where in an allocator function its result is known: one probe instead of two.
 *
 * A probe at the entry sees the size, one at the return the pointer. In between there are
 * instructions at which both are there: the pointer in a register that is returned on every way on,
 * the size where it was put at the entry. points__find proves a set of such places that every call
 * passes exactly once before it returns, by data flow (flow.h) over all paths. A call that fails
 * passes one, too, at which the result is NULL. Where slow paths forget the size before they know
 * the pointer, or go on in code that other functions use as well, they get a second point that
 * begins the call. Where no such set exists there is none
 * found, and the function needs probes at entry and return.
 *
 * Places are conditional jumps, calls, pushes and nops, which the kernel emulates, never an
 * instruction that it has to single-step; but where only failing calls come, any will do.
 */
#ifndef ELF_POINTS_H
#define ELF_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;

#define POINTS_MAX 24

enum {
	POINT_NULL = 16,  /* ptr: the call fails */
	POINT_STACK = 17, /* in a word of the stack */
};

/* A conditional jump counts only if it goes on, or if it is taken, or both. */
#define POINT_GOES_ON 1
#define POINT_TAKEN 2

enum point_kind {
	POINT_RESULT, /* pointer and size are there */
	POINT_BEGIN,  /* the size is there; a POINT_END may follow, but for dead ends */
	POINT_END,    /* the pointer is there, of the call that a POINT_BEGIN began */
};

struct point {
	uint64_t vaddr;
	uint8_t kind;	  /* enum point_kind */
	uint8_t ptr;	  /* register, as the machine numbers them, or POINT_NULL */
	uint8_t size;	  /* register or POINT_STACK; of a failing call: nothing */
	uint8_t fp;	  /* where rbp of the caller is: register or POINT_STACK */
	uint8_t ways;	  /* POINT_GOES_ON | POINT_TAKEN: always */
	uint8_t cc;	  /* condition of the jump, as in its opcode */
	uint16_t size_at; /* POINT_STACK: bytes above rsp */
	uint16_t fp_at;
	uint16_t depth; /* bytes from rsp up to the return address */
};

struct points {
	struct point point[POINTS_MAX];
	size_t n;
	double traps;	     /* how many probes a call hits, if both ways of a branch are alike */
	uint64_t *insns;     /* addresses of all instructions, sorted */
	uint8_t *insn_sizes; /* their sizes */
	size_t n_insns;
	uint64_t *calls; /* where its calls return to, but for those between begin and end */
	size_t n_calls;
};

/* The function to look at: its symbol, and which arguments, from 1, make up the size. */
struct points_query {
	uint64_t vaddr, bytes;
	unsigned int size_arg;
	unsigned int count_arg; /* to multiply by; 0: none */
	double max_traps;	/* no more than that many probes a call are worth it */
};

/*
 * Find the points. Code outside of the symbol (what it ends in by a jump) may belong to other
 * functions as well: there are only POINT_ENDs in it, which are met after a POINT_BEGIN inside.
 * Returns 0; -ENOENT: there is no such set; -ENOTSUP, -EINVAL: the code cannot be followed; other
 * negative errno. out: cleared by points__clear, also after an error.
 */
int points__find(const struct elfimg *img, const struct points_query *q, struct points *out);
void points__clear(struct points *p);
/* Is there an instruction of it at vaddr? */
bool points__contains(const struct points *p, uint64_t vaddr);
/* Is all code at [start, end) part of the function, but for padding? start: of an instruction. */
bool points__holds(const struct elfimg *img, const struct points *p, uint64_t start, uint64_t end);
#endif
