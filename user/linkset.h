/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linkset - open links, each with what it is for, so that some can be closed before the others. */
#ifndef LINKSET_H
#define LINKSET_H

#include <stddef.h>

struct linkset {
	struct linkset_link *link;
	size_t n;
};

/* Keep an open link, or pass an error on. Returns 0 or negative errno. */
int linkset__keep(struct linkset *set, int fd, unsigned int group);
void linkset__close(struct linkset *set); /* all; it can be used again */
void linkset__close_group(struct linkset *set, unsigned int group);
/* Close those that were kept since there were n. */
void linkset__close_since(struct linkset *set, size_t n);
#endif
