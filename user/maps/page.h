/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page - samples as SVG and HTML. */
#ifndef MAPS_PAGE_H
#define MAPS_PAGE_H

#include <stddef.h>
#include <stdio.h>

struct sample;

/* The picture alone. Return 0 or negative errno. */
int page__picture(const struct sample *s, FILE *out);
/* Picture and tables; first: what to compare with, the first of n samples, or NULL. */
int page__write(const struct sample *first, const struct sample *s, size_t n, FILE *out);
#endif
