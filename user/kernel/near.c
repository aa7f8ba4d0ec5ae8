/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "near.h"

#include <stdio.h>
#include <stdint.h>
#include <string.h>

#define MAX_LENGTH 63

/* Levenshtein distance. */
static size_t edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[MAX_LENGTH + 1], corner, above, best;

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			above = row[j];
			best = corner + (a[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = above;
			row[j] = best;
		}
	}
	return row[b_len];
}

/* How far apart, SIZE_MAX: too far. A name that goes on where the other ends is near. */
static size_t distance(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b), shorter = a_len < b_len ? a_len : b_len, d;

	if (!shorter || a_len > MAX_LENGTH || b_len > MAX_LENGTH)
		return SIZE_MAX;
	d = edits(a, a_len, b, b_len);
	if (d <= shorter / 3 || (shorter >= 3 && strncmp(a, b, shorter) == 0))
		return d;
	return SIZE_MAX;
}

void near__init(struct near *near, const char *wanted)
{
	memset(near, 0, sizeof(*near));
	near->wanted = wanted;
}

void near__add(struct near *near, const char *name)
{
	size_t d = distance(near->wanted, name), i;

	if (d == SIZE_MAX)
		return;
	for (i = 0; i < near->n; i++)
		if (strcmp(near->name[i], name) == 0)
			return;
	i = near->n < NEAR_MAX ? near->n++ : NEAR_MAX;
	for (; i && near->distance[i - 1] > d; i--) {
		if (i == NEAR_MAX)
			continue;
		near->distance[i] = near->distance[i - 1];
		near->name[i] = near->name[i - 1];
	}
	if (i == NEAR_MAX)
		return;
	near->distance[i] = d;
	near->name[i] = name;
}

void near__text(const struct near *near, char *buf, size_t size)
{
	size_t used = 0, n = 0;

	buf[0] = '\0';
	while (n < near->n && near->distance[n] <= near->distance[0] + 1)
		n++;
	for (size_t i = 0; i < n && used < size; i++)
		used += snprintf(buf + used, size - used, "%s%s",
				 !i	      ? ""
				 : i + 1 == n ? " or "
					      : ", ",
				 near->name[i]);
}
