/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memcg - how much memory the cgroups that we are in leave us: a container's, a service's. Both
 * kinds are asked (Documentation/admin-guide/cgroup-v2.rst, "Memory"; cgroup-v1/memory.rst), each
 * from our own up to the highest that is mounted.
 */
#ifndef PROC_MEMCG_H
#define PROC_MEMCG_H

#include <stdint.h>

#define MEMCG_NAME 48

struct memcg_room {
	uint64_t bytes;		 /* that may still be taken, UINT64_MAX: there is no limit */
	uint64_t limit;		 /* the one that leaves the least */
	const char *file;	 /* that says so: "memory.max" */
	char cgroup[MEMCG_NAME]; /* whose it is, printable ASCII; of a long path the end */
};

/*
 * What is charged less the page cache that nobody has used for a while, which makes room by itself,
 * counts as taken. What cannot be read limits nothing. root: the directory that all paths are
 * looked up in (AT_FDCWD: they are what they say).
 */
void memcg__room(int root, struct memcg_room *out);
#endif
