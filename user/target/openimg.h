/* SPDX-License-Identifier: GPL-2.0-or-later */
/* openimg - open the file behind a mapping of a process, and no other file. */
#ifndef TARGET_OPENIMG_H
#define TARGET_OPENIMG_H

#include <sys/types.h>

struct mapping;

/*
 * tid: a thread of the target that lives. Returns a descriptor open for reading, or negative
 * errno: -ESTALE, another file is at the path now; -ENOEXEC, not a regular file.
 */
int openimg__open(pid_t tid, const struct mapping *m);
/* Open path for reading if it leads to a regular file, without touching it otherwise. */
int openimg__open_regular(const char *path);
#endif
