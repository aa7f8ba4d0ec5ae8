/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks with two figures, bytes before and after: what difffolded.pl makes, and
 * flamegraph.pl and inferno draw in red and blue
 * (https://github.com/brendangregg/FlameGraph/blob/master/difffolded.pl).
 */
#include "render/folded.h"

#include <errno.h>
#include <inttypes.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "report/report.h"

int diff_folded__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	size_t i;

	(void)opts;
	errno = 0;
	for (i = 0; i < d->n_sites; i++) {
		const struct diff_site *s = &d->sites[i];

		folded__stack(out, s->site);
		fprintf(out, " %" PRIu64 " %" PRIu64 "\n", s->old ? s->old->bytes : 0,
			s->new ? s->new->bytes : 0);
	}
	return render__end(out);
}
