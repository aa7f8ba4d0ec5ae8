/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scope - the target's global scope: the objects in which the dynamic linker looks symbols up, in
 * its order (System V gABI, chapter 5, "Shared Object Dependencies"; ld.so(8)): the executable,
 * what LD_PRELOAD and /etc/ld.so.preload name, then the needed libraries breadth-first.
 * What was loaded with dlopen is not in it.
 */
#ifndef TARGET_SCOPE_H
#define TARGET_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct dynamic;
struct image;

/* An object: an image and what dynamic__read found in it. */
struct scope_object {
	const struct image *image;
	const struct dynamic *dyn;
};

/*
 * preload: names as in LD_PRELOAD, separated by blanks or colons, or NULL; pid: whose root
 * directory they are paths in, 0: ours. order: room for n indices into objects; the global scope.
 * Returns how many are in it; 0 without an executable.
 */
size_t scope__order(const struct scope_object *objects, size_t n, const char *preload, pid_t pid,
		    size_t *order);
/*
 * What a process preloads: LD_PRELOAD as it was at its start, then ld.so.preload. A hint only, as
 * a process may overwrite its environment. *preload: freed by the caller. 0 or -ENOMEM.
 */
int scope__read_preload(pid_t pid, char **preload);
/* Is name (as in DT_NEEDED or LD_PRELOAD) this object: by soname, base name or path? */
bool scope__is_named(const struct scope_object *object, const char *name, pid_t pid);
#endif
