/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/words.h"

#include <inttypes.h>
#include <stdio.h>

#include "diff/compare.h"
#include "render/format.h"
#include "report/report.h"

/* "+1,234", "-5", "0" */
static const char *signed_number(char buf[FORMAT_NUMBER_SIZE + 1], int64_t n)
{
	*buf = n < 0 ? '-' : '+';
	format__number(buf + (n != 0), n < 0 ? -(uint64_t)n : (uint64_t)n);
	return buf;
}

const char *diff_words__title(char buf[WORDS_SIZE], const struct diff *d)
{
	snprintf(buf, WORDS_SIZE, "%.100s → %.100s", d->old_name, d->new_name);
	return buf;
}

const char *diff_words__total(char buf[WORDS_SIZE], const struct diff *d)
{
	char bytes[FORMAT_NUMBER_SIZE + 1], count[FORMAT_NUMBER_SIZE + 1];
	char n[4][FORMAT_NUMBER_SIZE];

	snprintf(buf, WORDS_SIZE, "%s bytes, %s allocations: from %s bytes in %s to %s in %s",
		 signed_number(bytes, d->bytes_delta), signed_number(count, d->count_delta),
		 format__number(n[0], d->total.old_bytes), format__number(n[1], d->total.old_count),
		 format__number(n[2], d->total.new_bytes),
		 format__number(n[3], d->total.new_count));
	return buf;
}

const char *diff_words__kinds(char buf[WORDS_SIZE], const struct diff *d)
{
	size_t used = 0;
	int kind;

	*buf = '\0';
	for (kind = 0; kind < DIFF_KINDS; kind++)
		used += snprintf(buf + used, WORDS_SIZE - used, "%s%zu%s %s", kind ? ", " : "",
				 d->sum[kind].sites,
				 kind			? ""
				 : d->sum[0].sites == 1 ? " stack"
							: " stacks",
				 diff__kind(kind));
	return buf;
}

const char *diff_words__was(char buf[WORDS_SIZE], const struct diff_site *s)
{
	if (s->kind == DIFF_NEW_SITE || s->kind == DIFF_UNCHANGED)
		snprintf(buf, WORDS_SIZE, "%s", diff__kind(s->kind));
	else if (s->kind == DIFF_GONE)
		snprintf(buf, WORDS_SIZE, "gone");
	else
		snprintf(buf, WORDS_SIZE,
			 "from %" PRIu64 " bytes in %" PRIu64 " to %" PRIu64 " in %" PRIu64,
			 s->old->bytes, s->old->count, s->new->bytes, s->new->count);
	return buf;
}
