/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow - --follow: a trace of each process that comes of the first one, and the sum of them.
 *
 * Each has a session of its own, so that a process is traced as it would be by itself; it is held
 * from fork, or from its first execve, until that is attached: see bpf/family.bpf.c. Nothing that
 * it allocates is missed, and what could not be held is named with what is not known of it.
 */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include <stdbool.h>

struct follow;
struct report;
struct session;
struct trace;

/* What root forks from now on is held. Returns 0 or negative errno, see family__new. */
int follow__new(struct trace *root, struct follow **out);
void follow__free(struct follow *f);
/* A session that has been used before and is as new; NULL: there is none. */
struct session *follow__take_session(struct follow *f);
/* Readable when there is something to do for follow__serve, which is also called now and then. */
int follow__fd(const struct follow *f);
/* Begin the traces of what was forked, let go on what stands still, report what has ended. */
void follow__serve(struct follow *f);
/* A report of each process but the first, which has had its own: then all figures are published. */
void follow__report(struct follow *f);
/*
 * Show a report that trace t has made; last: its last one, which goes into the sum. Returns 0 or
 * negative errno of the output.
 */
int follow__show(struct follow *f, struct trace *t, const struct report *r, bool last);
/* The first process has ended, or tracing: the last report of all others, and that of the sum. */
void follow__finish(struct follow *f);
#endif
