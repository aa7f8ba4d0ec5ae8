/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gfp - the names of allocation flags (include/linux/gfp_types.h) and their values on a kernel. */
#ifndef KERNEL_GFP_H
#define KERNEL_GFP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;

#define GFP_MAX_FLAGS 40

struct gfp {
	uint64_t flag[GFP_MAX_FLAGS]; /* by index of its name; 0: this kernel does not have it */
	bool nowait_nowarn;	      /* GFP_NOWAIT includes __GFP_NOWARN */
};

/*
 * The flags of a kernel. btf: of its vmlinux, with enum ___GFP_*_BIT from 6.10 on; without one, or
 * before, they are those of its version (KERNEL_VERSION, as of release_version).
 */
void gfp__init(struct gfp *gfp, const struct btf *btf, unsigned int version);
/* "6.12.95+deb12-cloud-amd64" as KERNEL_VERSION(6, 12, 95); 0: no such thing. */
unsigned int gfp__release_version(const char *release);
/* The value of a name: "__GFP_ZERO", "GFP_KERNEL". False: this kernel has no such flags. */
bool gfp__value(const struct gfp *gfp, const char *name, uint64_t *value);
/* The names, whether a kernel has them or not; NULL after the last. */
const char *gfp__name(size_t index);

#endif
