/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stacks - from a stack's key to frames with names.
 *
 * A stack is read and its addresses are turned into (image, offset) when it is first seen, while
 * the target lives and the code is mapped; names are looked up when a report needs them.
 */
#ifndef STACKS_H
#define STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addrspace;
struct image;
struct model_stack;
struct perfmap;
struct stack_slot;
struct stack_trace;
struct stacks;
struct symbolizer;

/* The stack table, in memory shared with the BPF side. */
struct stack_table {
	const struct stack_slot *slots;
	size_t n_slots;
	const uint8_t *frames; /* struct stack_trace, cut to frames_size bytes each */
	size_t frames_size, n_frames;
};

/*
 * max_depth: frames that the table has room for in each stack. jit names code that is in no file;
 * may be NULL. All borrowed, but the description of the table. NULL: no memory.
 */
struct stacks *stacks__new(const struct stack_table *table, uint32_t max_depth,
			   const struct addrspace *as, struct symbolizer *sym, struct perfmap *jit);
void stacks__free(struct stacks *s);
/* Place a stack now, as it was notified. Returns 0 or -ENOMEM. */
int stacks__learn(struct stacks *s, uint64_t key, const struct stack_trace *trace);
/* Replace what is known of a stack: its walk has been finished. Returns 0 or negative errno. */
int stacks__replace(struct stacks *s, uint64_t key, const struct stack_trace *trace);
/* The frames of a stack as the BPF side recorded them. False: there are none. */
bool stacks__recorded(struct stacks *s, uint64_t key, struct stack_trace *trace);
/* Frames with names, as model_stack_fn wants them: arg is the struct stacks. */
int stacks__resolve(uint64_t key, struct model_stack *out, void *arg);
/* Is fn true of one of the innermost frames, up to depth? function may be NULL: no name. */
bool stacks__any(struct stacks *s, uint64_t key, size_t depth,
		 bool (*fn)(const struct image *image, const char *function, void *arg), void *arg);
/* Does the stack reach the outermost frame? */
bool stacks__is_complete(struct stacks *s, uint64_t key);
/* How its walk ended, an enum walk_end below WALK_ENDS; WALK_FAULT when it was lost. */
uint32_t stacks__end(struct stacks *s, uint64_t key);
/* Was code met at an address that was not known to be mapped? */
bool stacks__is_unmapped(struct stacks *s, uint64_t key);
/*
 * Heap allocations seen so far whose stack was cut, by enum walk_end. Returns how many others there
 * are whose stack has no frames.
 */
uint64_t stacks__count_cut(struct stacks *s, uint64_t cut[]);
/* In words why a walk did not go on, to follow "stack cut: ". Static. */
const char *stacks__cut_reason(uint32_t end);
#endif
