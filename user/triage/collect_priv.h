/* SPDX-License-Identifier: GPL-2.0-or-later */
/* collect_priv - the parts of collect among themselves. */
#ifndef TRIAGE_COLLECT_PRIV_H
#define TRIAGE_COLLECT_PRIV_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/procfile.h"
#include "triage/collect.h"

#define MAX_TMPFS 1024
#define MAX_SHM_FILES 10000 /* of /dev/shm, and open ones: as many as are looked at */

struct collector {
	DIR *proc;
	struct procfile file; /* for one text at a time */
	bool copy, began;
	dev_t tmpfs[MAX_TMPFS];
	size_t n_tmpfs;
};

/* Call each for every process there is; what it returns other than 0 ends it, and is returned. */
int collect__each_process(struct collector *c,
			  int (*each)(struct collector *c, const char *pid, void *ctx), void *ctx);
/* "tmpfs", and "hidden" */
int collect__mounts(struct collector *c, const struct sink *sink);
/* "shm/files" */
int collect__shm_files(struct collector *c, const struct sink *sink);
/* "shm/attached" */
int collect__attached(struct collector *c, const struct sink *sink);
#endif
