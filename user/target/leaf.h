/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leaf - allocator functions that call no other one.
 *
 * Where only some allocations are followed, a call that is left out is done with at its entry, if
 * nothing else that is probed is called from within it: that would be taken for an allocation of
 * its own (calloc calls malloc, posix_memalign calls memalign). Otherwise its return has to be
 * waited for.
 */
#ifndef TARGET_LEAF_H
#define TARGET_LEAF_H

#include <stdbool.h>
#include <stddef.h>

struct allocator;

/*
 * Is the function of site i one? Read from its code and that of the functions it calls; so glibc's
 * malloc is, its realloc is not. False at any doubt: code that cannot be followed, or that calls
 * through pointers. (What is called further down is not read: see track_is_leaf in bpf/.)
 */
bool leaf__is(const struct allocator *alloc, size_t i);
#endif
