/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source - the line of a program that a stack is best told by. */
#ifndef GATE_SOURCE_H
#define GATE_SOURCE_H

#include <stddef.h>

struct report_frame;
struct report_site;

/* How many of the innermost frames are the allocator itself: operator new above malloc. */
size_t source__allocator_frames(const struct report_site *site);
/*
 * The innermost frame of known file and line that is the program's own: not the allocator's, and
 * not of the C or C++ library and their headers, if there is one. Then one of a library's; NULL: no
 * line is known. Of the program's own, those below root come first: a directory, NULL: none.
 */
const struct report_frame *source__frame(const struct report_site *site, const char *root);
/* The innermost of the program's own; NULL: no line of it is known. */
const struct report_frame *source__own_frame(const struct report_site *site);
/* The path of a frame's file, below root as from there. */
const char *source__path(const struct report_frame *f, const char *root);
#endif
