/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/available.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#include "proc/memcg.h"
#include "proc/meminfo.h"
#include "proc/procfile.h"

static uint64_t of_machine(int root)
{
	struct procfile file = {0};
	uint64_t bytes = UINT64_MAX;
	struct meminfo m;
	bool estimated;

	if (!procfile__read(&file, root, root == AT_FDCWD ? "/proc/meminfo" : "proc/meminfo") &&
	    !meminfo__parse(file.text, file.len, &m))
		bytes = meminfo__available(&m, &estimated);
	procfile__clear(&file);
	return bytes;
}

void available__get(int root, struct available *out)
{
	struct memcg_room room;

	out->bytes = of_machine(root);
	snprintf(out->words, sizeof(out->words), "are available");
	memcg__room(root, &room);
	if (room.bytes >= out->bytes)
		return;
	out->bytes = room.bytes;
	snprintf(out->words, sizeof(out->words), "are left by %s of cgroup %s", room.file,
		 room.cgroup);
}
