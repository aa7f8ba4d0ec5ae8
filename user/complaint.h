/* SPDX-License-Identifier: GPL-2.0-or-later */
/* complaint - why a command line is refused. */
#ifndef COMPLAINT_H
#define COMPLAINT_H

#include <stdio.h>

/*
 * Write "who: " and a sentence as one line on err, whatever the arguments quoted in it are made of:
 * control characters come as '?', what is beyond 511 bytes is cut. Returns -EINVAL.
 */
__attribute__((format(printf, 3, 4))) int complaint__say(FILE *err, const char *who,
							 const char *fmt, ...);
#endif
