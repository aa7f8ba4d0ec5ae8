/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exitpoints - has a started program stopped when it calls _exit: its memory is still there then.
 * By a probe and a signal, as while it was launched; nothing is attached to it by ptrace(2), which
 * would stop it at each of its signals and keep others from tracing it.
 */
#ifndef EXITPOINTS_H
#define EXITPOINTS_H

struct addrspace;
struct exitpoints;
struct session;

struct exitpoints *exitpoints__new(struct session *session); /* NULL: no memory */
void exitpoints__free(struct exitpoints *e);
/* Probe what has been mapped since. */
void exitpoints__update(struct exitpoints *e, const struct addrspace *as);
#endif
