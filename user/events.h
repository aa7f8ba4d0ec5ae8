/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events - consumes the BPF side's notifications. */
#ifndef EVENTS_H
#define EVENTS_H

#include <linux/types.h>

#include "../bpf/memleak.h"

struct events;

/* fn is called for each notification, from events__drain. Returns 0 or negative errno. */
int events__new(int map_fd, void (*fn)(const struct event *, void *), void *arg,
		struct events **out);
void events__free(struct events *e);
int events__fd(const struct events *e); /* for poll: readable when there is something */
/* Deliver all that is there. Returns how many, or negative errno. */
int events__drain(struct events *e);
#endif
