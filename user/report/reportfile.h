/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reportfile - a report in a file, whole: read again it renders as it would have at once, on any
 * machine and without root. report.proto describes the file.
 */
#ifndef REPORT_REPORTFILE_H
#define REPORT_REPORTFILE_H

#include <stddef.h>
#include <stdio.h>

struct report;

/* Returns 0 or -ENOMEM; whether out took it, it says itself. */
int reportfile__write(FILE *out, const struct report *r);
/*
 * Read the file at fd from its position on. *out is freed with report__free. Returns 0 or
 * negative errno with *why in words: "it is no recording of memleak-bpf", ...
 */
int reportfile__read(int fd, struct report **out, const char **why);
/* The same from what the gzip file holds. */
int reportfile__parse(const void *data, size_t size, struct report **out, const char **why);
#endif
