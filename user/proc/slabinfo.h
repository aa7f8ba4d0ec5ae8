/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slabinfo - the kernel's slab caches: /proc/slabinfo (slabinfo(5)), versions 1 and 2, and the
 * names that caches go by that were merged with others (SLUB: symbolic links in /sys/kernel/slab).
 *
 * active objects include what CPUs and freed-but-cached lists hold back, so only their growth over
 * some time means something.
 */
#ifndef PROC_SLABINFO_H
#define PROC_SLABINFO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SLABINFO_NAME 64

struct slabinfo_cache {
	char name[SLABINFO_NAME]; /* as it is in the file, cut */
	uint64_t active, objects; /* in use; there is room for */
	uint64_t size;		  /* bytes of an object */
	uint64_t pages;		  /* of memory */
};

/* Sorted by name, each name once: what has the same is added up. */
struct slabinfo {
	struct slabinfo_cache *caches;
	size_t n;
};

/* Lines that make no sense are skipped and counted in *bad (may be NULL). Returns 0, -EINVAL: not
 * that format, or -ENOMEM; *s is then empty. */
int slabinfo__parse(const char *text, size_t len, struct slabinfo *s, size_t *bad);
void slabinfo__clear(struct slabinfo *s);
/* NULL: none of this name. */
const struct slabinfo_cache *slabinfo__find(const struct slabinfo *s, const char *name);

/*
 * Text with a line "NAME TARGET" for each symbolic link in a directory like /sys/kernel/slab,
 * blanks and controls in names made "?". Returns 0 or negative errno (-ENOENT: no SLUB). The caller
 * frees *text.
 */
int slabinfo__links(const char *directory, char **text, size_t *len);
/*
 * From that text, the other names of the cache called name, separated by ", ", cut to room. Returns
 * how many there are.
 */
size_t slabinfo__aliases(const char *links, size_t len, const char *name, char *to, size_t room);
/* Can the kernel shrink it? -ENOENT: the text does not say. */
int slabinfo__is_reclaimable(const char *links, size_t len, const char *name);
#endif
