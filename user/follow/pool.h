/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool - sessions whose process has ended, to be used for others.
 *
 * To load the programs takes the kernel 100 ms and more, and so does it to take probes away, as it
 * waits for all CPUs each time (RCU). So programs are used again, and threads see to the probes:
 * they wait together.
 */
#ifndef FOLLOW_POOL_H
#define FOLLOW_POOL_H

#include <stdbool.h>

struct pool;
struct session;

struct pool *pool__new(void);	 /* NULL: no memory */
void pool__free(struct pool *p); /* with all sessions that are in it */
/* Nobody else uses it any more. reusable: its process has ended, else it is freed. */
void pool__put(struct pool *p, struct session *s, bool reusable);
/* A session that is as new; NULL: there is none. */
struct session *pool__take(struct pool *p);
#endif
