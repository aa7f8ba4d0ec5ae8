/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recording - recordings by their names, for the commands that read them. */
#ifndef REPLAY_RECORDING_H
#define REPLAY_RECORDING_H

struct report;

/* *out is freed by report__free. Returns 0, or negative errno after one line on standard error. */
int recording__load(const char *path, struct report **out);
/* "memleak-bpf: cannot WHAT PATH: WHY" on standard error, whatever the path is made of. */
void recording__complain(const char *what, const char *path, const char *why);
#endif
