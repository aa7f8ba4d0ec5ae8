/* SPDX-License-Identifier: GPL-2.0-or-later */
/* standard - input, output and error: the three descriptors that somebody else has opened. */
#ifndef STANDARD_H
#define STANDARD_H

#include <stdio.h>

/*
 * Fill those that are closed (>&-), so that no file of ours gets their numbers and then what is
 * meant for the terminal. Writing to them fails, as it does to what is closed.
 */
void standard__occupy(void);

/*
 * Write what is still buffered of out. Returns 0, or a negative errno once anything could not be
 * written.
 */
int standard__flush(FILE *out);

/*
 * Say on stderr, as who, that standard output could not be written. Not if nobody reads it any
 * more (-EPIPE): that was somebody's wish.
 */
void standard__complain(const char *who, int err);

/* The exit status of a program that ends now: status, or 1 if its output is not all written. */
int standard__status(const char *who, int status);
#endif
