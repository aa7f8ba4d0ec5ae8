/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listen - the figures of the last report over HTTP, at /metrics, for Prometheus.
 *
 * A thread of its own answers, with texts that are finished: it never looks at what is traced, and
 * whoever traces never waits for it.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdio.h>

struct exposition;
struct listen;
struct listen_address;

/*
 * Take the port, and begin to answer: that there is nothing so far. Signals stay the caller's, and
 * so does every descriptor, also beyond an execve. Returns 0 or negative errno, -EADDRINUSE: the
 * port is taken.
 */
int listen__new(const struct listen_address *address, struct listen **out);
void listen__free(struct listen *l); /* who is being answered is cut off */
/* Write where it listens: "http://127.0.0.1:9435/metrics". */
void listen__write_url(const struct listen *l, FILE *out);
/* Answer with these from now on. Returns 0 or negative errno; then the last ones stay. */
int listen__publish(struct listen *l, const struct exposition *e);
#endif
