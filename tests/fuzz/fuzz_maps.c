/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes maps__parse; what it accepts must keep the promises of maps.h. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "target/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t bad, lines = 0, path_bytes = 0;
	struct maps maps;

	if (maps__parse((const char *)data, size, &maps, &bad))
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || i == size - 1;
	if (maps.n + bad != lines)
		abort();
	for (size_t i = 0; i < maps.n; i++) {
		const struct mapping *m = &maps.map[i];

		if (m->start >= m->end || m->offset + (m->end - m->start) < m->offset)
			abort();
		if (i && maps.map[i - 1].start > m->start)
			abort();
		if (m->deleted && !m->inode)
			abort();
		if (!m->path || strlen(m->path) > size)
			abort();
		path_bytes += strlen(m->path);
		/* With overlapping mappings, another one may be found. */
		if (!maps__find(&maps, m->start))
			abort();
	}
	if (path_bytes > size)
		abort();
	maps__clear(&maps);
	return 0;
}
