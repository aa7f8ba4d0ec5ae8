/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * align - which of the sites that share a key is which: one function calling malloc on several
 * lines, before and after a change.
 *
 * An edit moves lines, but leaves them in their order: pairs never cross. As many are made as there
 * can be, so that one line changed is the same site still; among these ways that one is taken where
 * more pairs are at the same place of the same file, then where more hold the same, then where more
 * are of blocks of one size, then where lines have moved less.
 */
#ifndef DIFF_ALIGN_H
#define DIFF_ALIGN_H

#include <stddef.h>

struct report_site;

/*
 * Sorts both arrays by place. other[i] becomes the index in new of what old[i] is now, or
 * ALIGN_NONE. Returns 0 or -ENOMEM.
 */
#define ALIGN_NONE ((size_t)-1)
int align__pair(const struct report_site **old, size_t n_old, const struct report_site **new,
		size_t n_new, size_t *other);
#endif
