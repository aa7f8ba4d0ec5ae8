/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff/compare.h"
#include "render/format.h"
#include "report/report.h"

__attribute__((format(printf, 2, 3))) static int note(struct diff *d, const char *fmt, ...)
{
	char **notes = reallocarray(d->notes, d->n_notes + 1, sizeof(*notes)), *text;
	va_list args;
	int n;

	if (!notes)
		return -ENOMEM;
	d->notes = notes;
	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	notes[d->n_notes++] = text;
	return 0;
}

static int note_programs(struct diff *d)
{
	const char *a = d->old->comm ? d->old->comm : "?", *b = d->new->comm ? d->new->comm : "?";

	if (!strcmp(a, b))
		return 0;
	return note(d, "these are of programs of different names, %s and %s", a, b);
}

static int note_ages(struct diff *d)
{
	if (d->old->older_ns == d->new->older_ns)
		return 0;
	return note(d,
		    "the old recording leaves out what is younger than %" PRIu64
		    " ms, the new one %" PRIu64 " ms: record both with the same -o",
		    d->old->older_ns / 1000000, d->new->older_ns / 1000000);
}

static int note_sampling(struct diff *d)
{
	if (!sampling__is_on(&d->old->sampling) && !sampling__is_on(&d->new->sampling))
		return 0;
	return note(d, "there are estimates from samples among these figures: small differences "
		       "may be chance");
}

/* Of one recording. */
static int note_side(struct diff *d, const char *which, const struct report *r)
{
	char lost[FORMAT_NUMBER_SIZE], left[FORMAT_NUMBER_SIZE];
	int err = 0;

	if (report__lost(&r->account))
		err = note(d, "the %s recording has lost %s allocations: stacks may have held more",
			   which, format__number(lost, report__lost(&r->account)));
	if (!err && r->n_stacks > r->n_sites)
		err = note(d, "the %s recording leaves out %s of its stacks", which,
			   format__number(left, r->n_stacks - r->n_sites));
	return err;
}

int diff_notes__add(struct diff *d)
{
	int err = note_programs(d);

	if (!err)
		err = note_ages(d);
	if (!err)
		err = note_sampling(d);
	if (!err)
		err = note_side(d, "old", d->old);
	return err ? err : note_side(d, "new", d->new);
}
