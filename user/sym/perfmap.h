/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perfmap - names of code that a process made at run time: its /tmp/perf-PID.map, as written by
 * node --perf-basic-prof, Java agents, Python's perf trampoline.
 *
 * The process writes it while it runs, so it is read again, what has been added to it only, when an
 * address is not found (a few times per second) or on request. Read through the process's own root,
 * under the pid that it has for itself, and only if it is a regular file that belongs to its user
 * or root. What was read stays known after the process and the file are gone.
 */
#ifndef SYM_PERFMAP_H
#define SYM_PERFMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct perfmap;

/* Looks for the file, and reads it if it is there. NULL: no memory. */
struct perfmap *perfmap__new(pid_t pid);
void perfmap__free(struct perfmap *p);
/*
 * What addr (for a return address: ra - 1) lies in. *name: as the file has it, also control
 * characters, valid until perfmap__free; *start: of the function. False: not known, nothing is set.
 * An address that is found is not looked for in what has been added to the file since: call
 * perfmap__refresh before a report, because programs put new code where old code was.
 */
bool perfmap__find(struct perfmap *p, uint64_t addr, const char **name, uint64_t *start);
/* Read now what has been added. After the end of the process too: many write as they exit. */
void perfmap__refresh(struct perfmap *p);
/* After execve: forget the names. What is in the file already is not read again. */
void perfmap__reset(struct perfmap *p);
/*
 * Why names may be missing, to come after "/tmp/perf-PID.map: " in a warning; NULL: no reason
 * known, also if there is no such file. A constant string.
 */
const char *perfmap__problem(const struct perfmap *p);
#endif
