/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * klines - source lines and inlined calls of the kernel's code, where its vmlinux with debug
 * information is installed, and of its modules' (kmodlines.h).
 */
#ifndef KERNEL_KLINES_H
#define KERNEL_KLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kallsyms;
struct klines;
struct report_frame;

enum {
	KLINES_MAX_BUILD_ID = 64, /* bytes; linkers make 20 */
};

struct klines_opts {
	const char *root; /* stands before all paths, "" but in tests */
	bool debuginfod;  /* ask its servers (network) for what is not installed */
};

/*
 * Look for the vmlinux of the running kernel, of that release: it has to have its build-id, which
 * is in notes (the contents of /sys/kernel/notes). Where the kernel has been loaded is known by its
 * symbols.
 * Returns 0; -ENOENT: there is none that fits, but *out knows of modules, or it is NULL as symbols
 * are; -ENOMEM.
 */
int klines__new(const struct kallsyms *symbols, const char *release, const void *notes,
		size_t notes_size, const struct klines_opts *opts, struct klines **out);
/* The same of this machine. */
int klines__open(const struct kallsyms *symbols, bool debuginfod, struct klines **out);
void klines__free(struct klines *k);
/* The file that was found; NULL: none was. */
const char *klines__path(const struct klines *k);
/* If none was: a file in one of its places that is another kernel's. NULL: there is none. */
const char *klines__other(const struct klines *k);

/*
 * Give these frames their lines, and insert the inlined calls, but for those of the allocator at
 * the top; *frames is reallocated. k may be NULL. Returns 0 or -ENOMEM.
 */
int klines__annotate(struct klines *k, struct report_frame **frames, size_t *n);
/*
 * Until the next one nothing is mapped, and no memory needed but for what was found: of the
 * kernel's own code that is not looked up again. k may be NULL.
 */
void klines__rest(struct klines *k);

/* The build-id in notes, 2 to KLINES_MAX_BUILD_ID bytes; NULL: there is none. Borrowed from them.
 */
const uint8_t *klines__build_id(const uint8_t *notes, size_t size, size_t *id_size);
#endif
