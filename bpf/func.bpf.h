/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* func - kinds of functions in BPF programs. */
#ifndef FUNC_BPF_H
#define FUNC_BPF_H

/* A function with a stack frame of its own, perhaps not used by all that include its header. */
#define SUBPROGRAM static __attribute__((noinline, unused))

/*
 * A function that the verifier checks once by itself, not anew at each call; defined in a header,
 * so weak like the maps. Arguments are scalars, or pointers that may be NULL.
 */
#define VERIFIED_ONCE __weak __attribute__((noinline))

#endif
