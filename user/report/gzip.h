/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gzip - compressed files (RFC 1952). */
#ifndef REPORT_GZIP_H
#define REPORT_GZIP_H

#include <stddef.h>
#include <stdio.h>

/* Write data as a gzip file without a time in it: equal data gives equal files. Returns 0 or
 * -ENOMEM; whether out took it, it says itself. */
int gzip__write(FILE *out, const void *data, size_t size);
/*
 * Read a gzip file of at most max bytes from fd's position on. *data is malloc'ed. Returns 0;
 * -EILSEQ not gzip, or damaged; -ENODATA cut short; -EFBIG more than max; other negative errno.
 */
int gzip__read(int fd, size_t max, void **data, size_t *size);
#endif
