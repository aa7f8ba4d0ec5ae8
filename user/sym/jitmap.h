/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jitmap - names of code that was made at run time, from the text of a perf map.
 *
 * One line for each function, "START SIZE name", the numbers in hexadecimal (the kernel's
 * tools/perf/Documentation/jit-interface.txt). Of overlapping entries the later one counts: code is
 * freed and other code put in its place. Lines that say nothing else (V8 writes names with newlines
 * in them as they are) are skipped.
 */
#ifndef SYM_JITMAP_H
#define SYM_JITMAP_H

#include <stddef.h>
#include <stdint.h>

enum {
	JITMAP_MAX_LINE = 4096, /* names are cut where a longer line is */
	JITMAP_MAX_ENTRIES = 4 << 20,
};

struct jitmap;

struct jit_name {
	uint64_t start; /* of the function, also where something else covers that by now */
	char name[];	/* any bytes but newline and NUL, at least one */
};

struct jitmap *jitmap__new(void); /* NULL: no memory */
void jitmap__free(struct jitmap *m);
/*
 * Take the next part of the text, cut anywhere; a line counts when its newline has come.
 * Returns 0; -E2BIG the limit of entries is reached, what follows is not taken; -ENOMEM lines are
 * missing: not to be fed any more.
 */
int jitmap__feed(struct jitmap *m, const char *text, size_t size);
/* Let what was fed be found. Returns 0, or -ENOMEM: try again. */
int jitmap__seal(struct jitmap *m);
/* Forget all names; the text goes on where it was. */
void jitmap__forget(struct jitmap *m);
/* What covers addr, NULL if nothing. Borrowed from the map. */
const struct jit_name *jitmap__find(const struct jitmap *m, uint64_t addr);
#endif
