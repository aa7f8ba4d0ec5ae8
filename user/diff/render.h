/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render - differences in the formats of reports. Each is a file of its own, as in user/render,
 * with whose parts they are made.
 */
#ifndef DIFF_RENDER_H
#define DIFF_RENDER_H

#include <stdio.h>

#include "render/render.h"

struct diff;
struct diff_site;
struct flame;

/*
 * Write the whole. Returns 0 or negative errno, as renderers do. opts as there; top: so many of
 * those that have grown, and as many of those that have shrunk.
 */
typedef int (*diff_emit_fn)(FILE *out, const struct diff *d, const struct render_opts *opts);

int diff_text__emit(FILE *out, const struct diff *d, const struct render_opts *opts);
int diff_json__emit(FILE *out, const struct diff *d, const struct render_opts *opts);
int diff_csv__emit(FILE *out, const struct diff *d, const struct render_opts *opts);
int diff_folded__emit(FILE *out, const struct diff *d, const struct render_opts *opts);
int diff_pprof__emit(FILE *out, const struct diff *d, const struct render_opts *opts);
int diff_svg__emit(FILE *out, const struct diff *d, const struct render_opts *opts);
int diff_html__emit(FILE *out, const struct diff *d, const struct render_opts *opts);

/* The one for a format; NULL: the format has no differences. */
diff_emit_fn diff_render__find(enum render_id id);

/* The tree of both recordings: flame.h. Returns 0 or -ENOMEM. */
int diff_flame__new(const struct diff *d, struct flame **out);
#endif
