/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heap - --heap: what is on a process's heap, whenever it was allocated, and what of it is lost.
 * Without BPF, and without stacks: blocks are told by their class, or by what they look like.
 */
#ifndef HEAP_HEAP_H
#define HEAP_HEAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct heap_mode_opts {
	pid_t pid;
	uint64_t max_pause_ns; /* 0: as long as it takes */
	bool by_whom;	       /* by whom they are held */
	uint64_t dump;	       /* bytes of one block of each kind, 0: none */
	uint64_t top;	       /* kinds that are shown, 0: all */
	bool json;	       /* as heap.schema.json says, with all kinds */
};

/* The report goes to out, messages to stderr. Returns the exit status. */
int heap_mode__run(const struct heap_mode_opts *opts, FILE *out);
#endif
