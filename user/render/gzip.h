/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gzip - compressed files (RFC 1952). */
#ifndef RENDER_GZIP_H
#define RENDER_GZIP_H

#include <stddef.h>
#include <stdio.h>

/* Write data as a gzip file without a time in it: equal data gives equal files. Returns 0 or
 * -ENOMEM; whether out took it, it says itself. */
int gzip__write(FILE *out, const void *data, size_t size);
#endif
