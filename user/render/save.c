/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as a recording, from which memleak-bpf report makes any other format. */
#include "render/render.h"

#include <errno.h>

#include "report/reportfile.h"

static int emit_save(FILE *out, const struct report *r, const struct render_opts *opts)
{
	int err;

	(void)opts;
	errno = 0;
	err = reportfile__write(out, r);
	return err ? err : render__end(out);
}

const struct renderer render_save = {
	.name = "save",
	.emit = emit_save,
};
