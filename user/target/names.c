/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probes.h"

struct names {
	const char *prefix;
	size_t prefix_len;
	uint16_t sorted[]; /* indices into entry_points, by symbol */
};

static int by_symbol(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return strcmp(entry_points[*x].symbol, entry_points[*y].symbol);
}

static int compare_symbol(const void *key, const void *member)
{
	return strcmp(key, entry_points[*(const uint16_t *)member].symbol);
}

struct names *names__new(const char *prefix)
{
	struct names *names = calloc(1, sizeof(*names) + n_entry_points * sizeof(uint16_t));

	if (!names)
		return NULL;
	names->prefix = prefix ? prefix : "";
	names->prefix_len = strlen(names->prefix);
	for (size_t i = 0; i < n_entry_points; i++)
		names->sorted[i] = i;
	qsort(names->sorted, n_entry_points, sizeof(uint16_t), by_symbol);
	return names;
}

void names__free(struct names *names)
{
	free(names);
}

static bool find_symbol(const struct names *names, const char *symbol, size_t *entry)
{
	const uint16_t *found = bsearch(symbol, names->sorted, n_entry_points, sizeof(uint16_t),
					compare_symbol);

	if (found)
		*entry = *found;
	return found;
}

bool names__find(const struct names *names, const char *symbol, size_t *entry)
{
	if (!names->prefix_len)
		return find_symbol(names, symbol, entry);
	if (strncmp(symbol, names->prefix, names->prefix_len) != 0)
		return false;
	if (find_symbol(names, symbol, entry))
		return true;
	return find_symbol(names, symbol + names->prefix_len, entry) &&
	       !entry_points[*entry].is_cxx;
}

bool names__is_standard(size_t entry)
{
	static const char *const c_names[] = {
		"malloc",
		"calloc",
		"realloc",
		"reallocarray",
		"free",
		"posix_memalign",
		"aligned_alloc",
		"memalign",
		"valloc",
		"pvalloc",
		"cfree",
		"free_sized",
		"free_aligned_sized",
	};

	if (entry_points[entry].is_cxx)
		return true;
	for (size_t i = 0; i < sizeof(c_names) / sizeof(c_names[0]); i++)
		if (!strcmp(entry_points[entry].symbol, c_names[i]))
			return true;
	return false;
}
