/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks: "outermost;...;innermost bytes" in a line each (of temporary allocations their
 * number, as the view has it), what flamegraph.pl, inferno and
 * speedscope read (https://github.com/brendangregg/FlameGraph, "Fold stacks").
 */
#include "render/folded.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "render/render.h"
#include "render/words.h"
#include "report/report.h"

/* The separator, too: a name shall not become two frames. */
static void escape(FILE *out, const char *s)
{
	char part[256];
	size_t n;

	while (*s) {
		n = strcspn(s, ";");
		if (!n) {
			fputs("\\x3b", out);
			s++;
			continue;
		}
		if (n >= sizeof(part)) { /* not inside a character */
			n = sizeof(part) - 1;
			while (n > sizeof(part) - 4 && (s[n] & 0xc0) == 0x80)
				n--;
		}
		memcpy(part, s, n);
		part[n] = '\0';
		render__escape(out, part);
		s += n;
	}
}

void folded__stack(FILE *out, const struct report_site *site)
{
	const char *root = words__root(site);
	size_t i = site->n_frames;

	if (root)
		fputs(root, out);
	while (i--) {
		if (root || i + 1 < site->n_frames)
			fputc(';', out);
		words__frame(out, &site->frames[i], escape);
	}
	if (!root && !site->n_frames) /* a line must not begin with its number */
		fputs("[no frames]", out);
}

static int emit_folded(FILE *out, const struct report *r, const struct render_opts *opts)
{
	size_t i, n = report__viewed(r);

	(void)opts;
	errno = 0;
	for (i = 0; i < n; i++) {
		struct report_measure m = report_site__measure(&r->sites[i], r->view);

		folded__stack(out, &r->sites[i]);
		fprintf(out, " %" PRIu64 "\n", report_measure__weight(m, r->view, false));
	}
	return render__end(out);
}

const struct renderer render_folded = {
	.name = "folded",
	.emit = emit_folded,
};
