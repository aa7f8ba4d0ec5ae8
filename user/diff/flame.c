/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference as a flame graph: red has grown, blue has shrunk. */
#include "render/flame.h"

#include <errno.h>
#include <stdlib.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "diff/words.h"
#include "report/report.h"

int diff_flame__new(const struct diff *d, struct flame **out)
{
	struct flame_stack *stacks = calloc(d->n_sites + 1, sizeof(*stacks));
	size_t i;
	int err;

	*out = NULL;
	if (!stacks)
		return -ENOMEM;
	for (i = 0; i < d->n_sites; i++) {
		const struct diff_site *s = &d->sites[i];

		stacks[i].site = s->site;
		if (s->old) {
			stacks[i].change.old_bytes = s->old->bytes;
			stacks[i].change.old_count = s->old->count;
		}
		if (s->new) {
			stacks[i].change.new_bytes = s->new->bytes;
			stacks[i].change.new_count = s->new->count;
		}
	}
	err = flame__new_compared(stacks, d->n_sites, out);
	free(stacks);
	return err;
}

int diff_svg__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	char title[WORDS_SIZE], line[WORDS_SIZE];
	struct flame *f;
	int err;

	(void)opts;
	err = diff_flame__new(d, &f);
	if (err)
		return err;
	err = flame__emit_svg(out, f, diff_words__title(title, d), diff_words__total(line, d));
	flame__free(f);
	return err;
}
