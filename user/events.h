/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events - consumes the BPF side's notifications. */
#ifndef EVENTS_H
#define EVENTS_H

#include <linux/types.h>

#include "../bpf/memleak.h"

struct events;

struct events_handler {
	void (*stack)(const struct stack_event *, void *arg); /* EVENT_STACK */
	void (*rest)(const struct stack_rest *, void *arg);   /* EVENT_STACK_REST */
	void (*event)(const struct event *, void *arg);	      /* all others */
	void *arg;
};
/* Both are called from events__drain only. Returns 0 or negative errno. */
int events__new(int map_fd, const struct events_handler *handler, struct events **out);
void events__free(struct events *e);
int events__fd(const struct events *e); /* for poll: readable when there is something */
/* Deliver all that is there. Returns how many, or negative errno. */
int events__drain(struct events *e);
#endif
