/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The difference as a profile, as "go tool pprof -diff_base OLD NEW" makes it
 * (https://github.com/google/pprof/blob/main/doc/README.md, "Comparing profiles"): what was comes
 * with its sign turned and the label pprof::base, which has percentages be of what was. Where a
 * stack is in both recordings, the old figures are at the new place: moved lines do not show as
 * a difference.
 */
#include "render/pprof.h"

#include <errno.h>
#include <stdlib.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "report/report.h"

int diff_pprof__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	struct pprof_sample *samples = calloc(2 * d->n_sites + 1, sizeof(*samples));
	size_t i, n = 0;
	int err;

	(void)opts;
	if (!samples)
		return -ENOMEM;
	for (i = 0; i < d->n_sites; i++) {
		const struct diff_site *s = &d->sites[i];

		if (s->new)
			samples[n++] = (struct pprof_sample){s->site, s->new, false};
		if (s->old)
			samples[n++] = (struct pprof_sample){s->site, s->old, true};
	}
	err = pprof__emit(out, d->new, samples, n);
	free(samples);
	return err;
}
