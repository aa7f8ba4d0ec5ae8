/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/allocinfo.h"

#include <errno.h>

int allocinfo__each(const char *text, size_t len,
		    int (*each)(void *ctx, const struct allocinfo_line *line), void *ctx)
{
	struct span rest = span__of(text, len), line;
	int err = 0;

	if (!span__line(&rest, &line) || !span__starts(line, "allocinfo - version: "))
		return -EINVAL;
	while (!err && span__line(&rest, &line)) {
		struct allocinfo_line a;
		struct span word;

		if (!span__next_u64(&line, &a.bytes) || !span__next_u64(&line, &a.calls) ||
		    !a.bytes || !span__word(&line, &word))
			continue;
		a.tag = (struct span){word.at, line.end};
		err = each(ctx, &a);
	}
	return err;
}
