/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caret - shows what is wrong about an expression, and where. */
#ifndef CARET_H
#define CARET_H

#include <stddef.h>
#include <stdio.h>

/*
 * The message, then the expression (as much of it as fits a line), then a caret under its byte at,
 * which is at most its length.
 */
void caret__print(FILE *out, const char *message, const char *expression, size_t at);
#endif
