/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glob - patterns of filters, for the automaton of bpf/filter.h.
 *
 * As the kernel's glob_match: "*", "?", "[a-z]", "[!a-z]", and "\" before a character that stands
 * for itself. A "[" without its "]" stands for itself.
 */
#ifndef KERNEL_GLOB_H
#define KERNEL_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "../../bpf/filter.h"

#define GLOB_MAX 63 /* characters to match, "*" not counted */

/*
 * Make the automaton of n bytes of pattern; literal: all of them stand for themselves. Returns how
 * many characters a text must have at least, or -E2BIG: more than GLOB_MAX.
 */
int glob__compile(const char *pattern, size_t n, bool literal, struct filter_text *text);

#endif
