/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * family - the processes that come of a traced one: told of as they begin, and held until they are
 * let go on. The BPF side is bpf/family.bpf.c.
 */
#ifndef FOLLOW_FAMILY_H
#define FOLLOW_FAMILY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../bpf/family.h"

struct family;

typedef void (*family_fn)(const struct kin_event *e, void *arg);

/*
 * Watch what root forks from now on. fn is told by family__drain. Returns 0 or negative errno;
 * -EOPNOTSUPP: this kernel has no tracepoints for fork's return.
 */
int family__new(pid_t root, family_fn fn, void *arg, struct family **out);
void family__free(struct family *f);
/* Readable when there is something to tell. */
int family__fd(const struct family *f);
void family__drain(struct family *f);
/* No more processes are held; what has been told of can be drained still. */
void family__detach(struct family *f);
/* The process with that key has a session, which holds it from now on where it has to be. */
void family__set_traced(struct family *f, uint32_t key, bool traced);
/* Processes that could not be told of: a table was full, or the kernel passed a program over. */
uint64_t family__lost(const struct family *f);
#endif
