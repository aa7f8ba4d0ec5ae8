/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kstacks - kernel addresses to frames with names. */
#ifndef KERNEL_KSTACKS_H
#define KERNEL_KSTACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kallsyms;
struct model_stack;
struct report_frame;
struct stack_trace;

/* Is that, by its name, a function of the kernel's allocators, or of what traces them? */
bool kstacks__is_allocator(const char *name);
/* A function's name for people: Rust's are demangled. malloc'ed. NULL: no memory. */
char *kstacks__name(const char *raw);
/* The frame of a return address. Strings are malloc'ed. Returns 0 or -ENOMEM. */
int kstacks__frame(const struct kallsyms *symbols, uint64_t pc, struct report_frame *frame);
/*
 * The first frame that is not the allocator's own; those before may be programs without a name.
 * call_site: of the allocation, 0: it is not known.
 */
size_t kstacks__first(const struct kallsyms *symbols, const struct stack_trace *trace,
		      uint64_t call_site);
/*
 * The frames of a stack, without those of the allocator itself. Returns 0 or -ENOMEM.
 */
int kstacks__resolve(const struct kallsyms *symbols, const struct stack_trace *trace,
		     uint64_t call_site, struct model_stack *out);
#endif
