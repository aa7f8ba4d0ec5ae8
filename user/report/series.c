/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void axis__add(struct series_axis *axis, uint64_t now_ns, const struct series_until *until)
{
	size_t last = axis->n ? axis->n - 1 : 0;

	if (axis->n && now_ns <= axis->time_ns[last]) {
		/* a cohort never loses what it had */
		if (until->ns > axis->until[last].ns)
			axis->until[last].ns = until->ns;
		if (until->ticks > axis->until[last].ticks)
			axis->until[last].ticks = until->ticks;
		return;
	}
	axis->time_ns[axis->n] = now_ns;
	axis->until[axis->n] = *until;
	if (axis->n && until->ns < axis->until[last].ns)
		axis->until[axis->n].ns = axis->until[last].ns;
	if (axis->n && until->ticks < axis->until[last].ticks)
		axis->until[axis->n].ticks = axis->until[last].ticks;
	axis->n++;
}

/*
 * Of the points in the middle about half of the room is kept, as evenly as they allow: the next one
 * is the first that is a whole gap behind the last one kept.
 */
void axis__thin(struct series_axis *axis, size_t max, uint8_t to[SERIES_MAX])
{
	size_t recent = max / 4 > SERIES_RECENT ? max / 4 : SERIES_RECENT;
	size_t middle = axis->n > recent ? axis->n - recent : 0;
	size_t goal = (max - recent - SERIES_FIRST) / 2, n = 0, i;
	size_t first = axis->begun + 2 < SERIES_FIRST ? axis->begun + 2 : SERIES_FIRST;
	uint64_t gap = 0, kept;

	if (middle > first)
		gap = (axis->time_ns[middle] - axis->time_ns[first - 1]) / goal;
	kept = axis->time_ns[0];
	for (i = 0; i < axis->n; i++) {
		to[i] = (uint8_t)n;
		if (i >= first && i < middle && axis->time_ns[i] - kept < gap)
			continue;
		kept = axis->time_ns[i];
		axis->time_ns[n] = axis->time_ns[i];
		axis->until[n] = axis->until[i];
		n++;
	}
	axis->n = n;
}

size_t axis__cohort(const struct series_axis *axis, uint64_t birth_ns, uint64_t ticks)
{
	size_t low = 0, high = axis->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct series_until *u = &axis->until[mid];

		if (ticks ? ticks <= u->ticks : birth_ns <= u->ns)
			high = mid;
		else
			low = mid + 1;
	}
	return low < axis->n ? low : SIZE_MAX;
}

void series__clear(struct series *s)
{
	free(s->at);
	*s = (struct series){0};
}

void series__thin(struct series *s, const uint8_t to[SERIES_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		bool merged = i && to[s->first + i] == to[s->first + i - 1];
		struct series_point p = s->at[i];

		if (merged) {
			p.came += s->at[n - 1].came;
			p.alive += s->at[n - 1].alive;
			p.old_gone += s->at[n - 1].old_gone;
			p.old = fmax(p.old, s->at[n - 1].old);
			s->at[n - 1] = p;
		} else {
			s->at[n++] = p;
		}
	}
	if (s->n)
		s->first = to[s->first];
	s->n = n;
}

static int append(struct series *s)
{
	size_t room = s->room ? s->room * 2 : 4;
	struct series_point *grown;

	if (s->n == s->room) {
		grown = reallocarray(s->at, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->at = grown;
		s->room = room;
	}
	s->at[s->n++] = (struct series_point){0};
	return 0;
}

int series__begin(struct series *s, const struct series_axis *axis)
{
	size_t i;

	if (!s->n)
		s->first = axis->n - 1;
	while (s->first + s->n < axis->n)
		if (append(s))
			return -ENOMEM;
	for (i = 0; i < s->n; i++)
		s->at[i].found = 0;
	return 0;
}

/* A block that a realloc has made one of this stack is older than the stack's first point. */
static int reach_back(struct series *s, size_t first)
{
	size_t by = s->first - first, i;

	for (i = 0; i < by; i++)
		if (append(s))
			return -ENOMEM;
	memmove(s->at + by, s->at, (s->n - by) * sizeof(*s->at));
	memset(s->at, 0, by * sizeof(*s->at));
	s->first = first;
	return 0;
}

int series__found(struct series *s, const struct series_axis *axis, const double *blocks)
{
	size_t i;

	for (i = 0; i < s->first; i++)
		if (blocks[i] > 0 && reach_back(s, i))
			return -ENOMEM;
	for (i = s->first; i < axis->n; i++)
		s->at[i - s->first].found += blocks[i];
	return 0;
}

void series__set(struct series *s, const struct series_axis *axis, uint64_t bytes, uint64_t count)
{
	uint64_t start = axis->time_ns[s->first ? s->first - 1 : 0];
	uint64_t half = start + (axis->time_ns[axis->n - 1] - start) / 2;
	struct series_point *last = &s->at[s->n - 1];
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct series_point *p = &s->at[i];
		double gone = p->alive - p->found;

		if (gone < 0)
			p->came -= gone;
		if (axis->time_ns[s->first + i] <= half) {
			last->old += p->alive;
			last->old_gone += fmax(gone, 0);
		}
		p->alive = p->found;
	}
	last->bytes = bytes;
	last->count = count;
}
