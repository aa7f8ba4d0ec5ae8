/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words - what in a copy of memory may be a pointer: words at addresses that are multiples of 8. */
#ifndef REACH_WORDS_H
#define REACH_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "reach/memcopy.h"

/* Where blocks are: most words are no address there, and need not be looked up. */
struct words_of_interest {
	uint64_t low, span;
};

/*
 * Call fn for the words of interest in [start, end), lowest first. run: index of a run that is not
 * behind start, to begin the search with. Returns that of the last one looked at, for what is
 * behind. Inline, for fn to be so, too: that is what millions of words wait for.
 */
static inline __attribute__((always_inline)) size_t
words__each(const struct memcopy *m, size_t run, uint64_t start, uint64_t end,
	    struct words_of_interest which, void (*fn)(uint64_t word, void *arg), void *arg)
{
	const size_t size = sizeof(uint64_t);
	const struct memcopy_run *runs;
	size_t n, i;

	runs = memcopy__runs(m, &n);
	start = (start + size - 1) / size * size;
	while (run < n && runs[run].end <= start)
		run++;
	for (i = run; i < n && runs[i].start < end; i++) {
		uint64_t from = start > runs[i].start ? start : runs[i].start;
		uint64_t to = end < runs[i].end ? end : runs[i].end, word, k;
		struct memcopy_piece piece;

		for (; from < to && memcopy__get(m, i, from, to, &piece); from += piece.n) {
			for (k = 0; k + size <= piece.n; k += size) {
				memcpy(&word, piece.at + k, size);
				if (word - which.low < which.span)
					fn(word, arg);
			}
			memcopy__put(m, &piece);
		}
		run = i;
	}
	return run;
}
#endif
