/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference as comma-separated values: a line for each stack, as user/render/csv.c has them.
 */
#include "render/csv.h"

#include <errno.h>
#include <inttypes.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "report/report.h"

int diff_csv__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	int err = 0;
	size_t i;

	(void)opts;
	errno = 0;
	fputs("change,old_bytes,new_bytes,bytes_delta,old_count,new_count,count_delta," CSV_PLACE
	      "\n",
	      out);
	for (i = 0; !err && i < d->n_sites; i++) {
		const struct diff_site *s = &d->sites[i];

		fprintf(out,
			"%s,%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%" PRIu64 ",%" PRIu64 ",%" PRId64,
			diff__kind(s->kind), s->old ? s->old->bytes : 0, s->new ? s->new->bytes : 0,
			s->bytes_delta, s->old ? s->old->count : 0, s->new ? s->new->count : 0,
			s->count_delta);
		err = csv__place(out, s->site);
		fputc('\n', out);
	}
	return err ? err : render__end(out);
}
