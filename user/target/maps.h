/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maps - /proc/PID/maps, parsed (proc_pid_maps(5), fs/proc/task_mmu.c show_map_vma).
 */
#ifndef TARGET_MAPS_H
#define TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t start, end; /* [start, end) bytes */
	uint64_t offset;     /* bytes into the file */
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	bool read, write, exec, shared;
	bool deleted; /* the kernel appended " (deleted)" */
	char *path;   /* unescaped (\012 -> newline), "" for anonymous, "[heap]" etc. as they are */
};

struct maps {
	struct mapping *map; /* sorted by start */
	size_t n;
};

/*
 * One line, without its newline. Returns 1, 0: malformed, or -ENOMEM. m->path is then the caller's
 * to free.
 */
int maps__parse_line(const char *line, size_t len, struct mapping *m);
/* Parse text of /proc/PID/maps. Malformed lines are skipped and counted in *bad (may be NULL).
 * Returns 0 or -ENOMEM. maps__clear frees what maps holds. */
int maps__parse(const char *text, size_t size, struct maps *maps, size_t *bad);
/* Read and parse /proc/PID/maps in one go. Returns 0 or negative errno. */
int maps__read(pid_t pid, struct maps *maps);
void maps__clear(struct maps *maps);
/* The mapping that holds addr, or NULL. */
const struct mapping *maps__find(const struct maps *maps, uint64_t addr);
#endif
