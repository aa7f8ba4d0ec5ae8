/* SPDX-License-Identifier: GPL-2.0-or-later */
/* origin - where a report comes from: what it says of this machine and the target. */
#ifndef ORIGIN_H
#define ORIGIN_H

#include <sys/types.h>

struct report_origin;

/* The command line of a process, blanks between its words; NULL: it cannot be read, or is empty. */
char *origin__command(pid_t pid);
/* The same of a command that is started, which may have ended before it could be asked. */
char *origin__join(char *const argv[]);
/* Fill *o, which is all NULL. command is copied and may be NULL. What cannot be had stays NULL. */
void origin__fill(struct report_origin *o, const char *command);
#endif
