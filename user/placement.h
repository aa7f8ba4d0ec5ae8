/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * placement - where the probe on a function goes in the target, and why there.
 *
 * Usually an instruction near its beginning, see code__probe_points. Where somebody has written a
 * jump over that beginning, every call ends up at the jump's target: the probe goes there.
 */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/code.h"

struct addrspace;
struct image;

struct placement {
	const struct image *image;	   /* that is probed */
	uint64_t entry;			   /* vaddr of the function in it */
	uint64_t offsets[CODE_MAX_POINTS]; /* file offsets, best first */
	size_t n;			   /* 0: there is none */
	bool emulated;			   /* offsets[0] is */
	bool patched;			   /* entry is where a jump leads to */
	const char *why;		   /* words on all that, static */
};

/* For the function at a file offset of an image; its first args arguments are to be read. */
void placement__find(const struct addrspace *as, const struct image *image, uint64_t offset,
		     unsigned int args, struct placement *out);
#endif
