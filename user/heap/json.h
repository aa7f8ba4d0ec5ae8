/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json - a census as one line of JSON: heap.schema.json says what the keys mean. */
#ifndef HEAP_JSON_H
#define HEAP_JSON_H

#include <stdio.h>

struct census;

/* Returns 0 or negative errno. */
int heap_json__write(const struct census *c, const char *comm, FILE *out);
#endif
