/* SPDX-License-Identifier: GPL-2.0-or-later */
/* available - memory that we may take without making others swap, or being killed for it. */
#ifndef PROC_AVAILABLE_H
#define PROC_AVAILABLE_H

#include <stdint.h>

struct available {
	uint64_t bytes; /* UINT64_MAX: that is not known */
	/* "are available", or "are left by memory.max of cgroup /web.slice": behind the bytes */
	char words[96];
};

/* What the machine has, or a cgroup leaves us, whichever is less. root: see proc/memcg.h. */
void available__get(int root, struct available *out);
#endif
