/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cookies - attach cookies for kernels that have none (before 5.15).
 *
 * What is attached to a probe is a program of a few instructions of its own: it leaves the cookie
 * where the real program looks for it (bpf/compat.bpf.h), and goes on there by a tail call. So a
 * cookie belongs to its probe, wherever and whenever the file is mapped.
 */
#ifndef COOKIES_H
#define COOKIES_H

#include <stdint.h>

struct cookies;

/*
 * map_fd: the per-CPU array with one entry that the cookie is left in. Returns 0 or negative errno.
 */
int cookies__new(int map_fd, struct cookies **out);
void cookies__free(struct cookies *c); /* probes with cookies do nothing from then on */
/*
 * A program that does what that of prog_fd, a uprobe program, does with cookie. Returns its
 * descriptor, closed by the caller, or negative errno.
 */
int cookies__wrap(struct cookies *c, int prog_fd, uint64_t cookie);
#endif
