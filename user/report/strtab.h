/* SPDX-License-Identifier: GPL-2.0-or-later */
/* strtab - strings, or any bytes, each once, by number in the order of their first sight. */
#ifndef REPORT_STRTAB_H
#define REPORT_STRTAB_H

#include <stddef.h>
#include <stdint.h>

#include "report/hashidx.h"

#define STRTAB_NONE UINT32_MAX

struct strtab {
	uint64_t seed;
	char **text; /* by number; a NUL follows each */
	size_t *size;
	size_t n, max_text, max_size;
	struct hashidx index;
};

void strtab__init(struct strtab *t);
void strtab__clear(struct strtab *t);
/* The number of these bytes, or STRTAB_NONE: no memory. No bytes (0) may be at NULL, here and
 * below. */
uint32_t strtab__add(struct strtab *t, const void *bytes, size_t size);
/* The number of these bytes, or STRTAB_NONE: they were never added. */
uint32_t strtab__find(const struct strtab *t, const void *bytes, size_t size);
#endif
