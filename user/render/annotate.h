/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * annotate - a report as GitHub's workflow commands, which make annotations at lines of the source
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
#ifndef RENDER_ANNOTATE_H
#define RENDER_ANNOTATE_H

#include <stdio.h>

struct report;

/*
 * The verdict, and unless it passes the sites to mend: as many as GitHub shows of a step. root: as
 * in struct render_opts.
 */
void annotate__emit(FILE *out, const struct report *r, const char *root);
#endif
