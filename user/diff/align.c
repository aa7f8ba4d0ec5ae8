/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/align.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define MAX_CELLS ((size_t)1 << 16) /* of the table; more sites than that are paired in order */
#define MAX_AWAY 0xfff

/*
 * What a pair is worth: one more pair outweighs all else, one more at its place all figures, and so
 * on: there are at most 2^8 pairs, because MAX_CELLS is the square of that.
 */
#define SAME_SIZE ((int64_t)1 << 21)
#define SAME_FIGURES ((int64_t)1 << 30)
#define SAME_PLACE ((int64_t)1 << 39)
#define PAIR ((int64_t)1 << 48)

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By place, the outermost frame first: in one function, lines and offsets say what comes first. */
static int compare(const void *pa, const void *pb)
{
	const struct report_site *a = *(const struct report_site *const *)pa;
	const struct report_site *b = *(const struct report_site *const *)pb;
	size_t i = a->n_frames, j = b->n_frames;
	int order = 0;

	while (!order && i && j) {
		const struct report_frame *f = &a->frames[--i], *g = &b->frames[--j];

		order = compare_u64(f->line, g->line);
		if (!order)
			order = compare_u64(f->offset, g->offset);
		if (!order)
			order = compare_u64(f->image_vaddr, g->image_vaddr);
	}
	return order ? order : compare_u64(i, j);
}

static bool same_file(const struct report_frame *f, const struct report_frame *g)
{
	return f->build_id && g->build_id && !strcmp(f->build_id, g->build_id);
}

static bool same_place(const struct report_site *a, const struct report_site *b)
{
	size_t i;

	if (a->n_frames != b->n_frames || !a->n_frames)
		return false;
	for (i = 0; i < a->n_frames; i++)
		if (!same_file(&a->frames[i], &b->frames[i]) ||
		    a->frames[i].image_vaddr != b->frames[i].image_vaddr)
			return false;
	return true;
}

/* On average. */
static bool same_size(const struct report_site *a, const struct report_site *b)
{
	return (unsigned __int128)a->bytes * b->count == (unsigned __int128)b->bytes * a->count;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* By how many lines, or bytes of code where lines are not known, the calls have moved. */
static int64_t moved(const struct report_site *a, const struct report_site *b)
{
	size_t i = a->n_frames, j = b->n_frames;
	uint64_t sum = 0;

	while (i && j && sum < MAX_AWAY) {
		const struct report_frame *f = &a->frames[--i], *g = &b->frames[--j];
		uint64_t away = f->line > 0 && g->line > 0 ? apart(f->line, g->line)
							   : apart(f->offset, g->offset);

		sum += away < MAX_AWAY ? away : MAX_AWAY;
	}
	return sum < MAX_AWAY ? sum : MAX_AWAY;
}

static int64_t worth(const struct report_site *a, const struct report_site *b)
{
	if (same_place(a, b))
		return PAIR + SAME_PLACE;
	if (a->bytes == b->bytes && a->count == b->count)
		return PAIR + SAME_FIGURES - moved(a, b);
	return PAIR + (same_size(a, b) ? SAME_SIZE : 0) - moved(a, b);
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The best that the sites from old[i] and new[j] on come to: best[i * (n_new + 1) + j]. */
static void fill(int64_t *best, const struct report_site **old, size_t n_old,
		 const struct report_site **new, size_t n_new)
{
	size_t width = n_new + 1, i, j;

	for (i = n_old; i--;)
		for (j = n_new; j--;) {
			int64_t *cell = &best[i * width + j];

			*cell = max(cell[width], cell[1]);
			*cell = max(*cell, cell[width + 1] + worth(old[i], new[j]));
		}
}

int align__pair(const struct report_site **old, size_t n_old, const struct report_site **new,
		size_t n_new, size_t *other)
{
	size_t width = n_new + 1, i, j;
	int64_t *best;

	if (n_old > 1)
		qsort(old, n_old, sizeof(*old), compare);
	if (n_new > 1)
		qsort(new, n_new, sizeof(*new), compare);
	for (i = 0; i < n_old; i++)
		other[i] = i < n_new ? i : ALIGN_NONE;
	if (!n_old || !n_new || (n_old == 1 && n_new == 1) || n_old + 1 > MAX_CELLS / width)
		return 0;
	best = calloc((n_old + 1) * width, sizeof(*best));
	if (!best)
		return -ENOMEM;
	fill(best, old, n_old, new, n_new);
	for (i = j = 0; i < n_old; i++) {
		other[i] = ALIGN_NONE;
		while (j < n_new && best[i * width + j] == best[i * width + j + 1])
			j++;
		if (j < n_new && best[i * width + j] != best[(i + 1) * width + j])
			other[i] = j++;
	}
	free(best);
	return 0;
}
