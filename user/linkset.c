/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linkset.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct linkset_link {
	int fd;
	unsigned int group;
};

int linkset__keep(struct linkset *set, int fd, unsigned int group)
{
	struct linkset_link *links;

	if (fd < 0)
		return fd;
	links = realloc(set->link, (set->n + 1) * sizeof(*links));
	if (!links) {
		close(fd);
		return -ENOMEM;
	}
	set->link = links;
	links[set->n++] = (struct linkset_link){fd, group};
	return 0;
}

void linkset__close_since(struct linkset *set, size_t n)
{
	while (set->n > n)
		close(set->link[--set->n].fd);
}

void linkset__close(struct linkset *set)
{
	linkset__close_since(set, 0);
	free(set->link);
	*set = (struct linkset){0};
}

void linkset__close_group(struct linkset *set, unsigned int group)
{
	size_t i, kept = 0;

	for (i = 0; i < set->n; i++) {
		if (set->link[i].group == group)
			close(set->link[i].fd);
		else
			set->link[kept++] = set->link[i];
	}
	set->n = kept;
}
