/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object - the BPF object that suits the kernel: of the two that are built from the sources in bpf/
 * the one with or without MEMLEAK_OLD, see bpf/compat.bpf.h. What is in them has the same names.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "../bpf/memleak.h"

struct bpf_map;
struct bpf_object;
struct bpf_program;
struct object;

/* Open the object for kernels before 5.15, or that for later ones. Returns 0 or negative errno. */
int object__new(bool old, struct object **out);
int object__load(struct object *o); /* returns 0 or negative errno */
/*
 * Load these programs as well, some time after the others, on the same maps. For kernels since
 * 5.15. Returns 0 or negative errno.
 */
int object__load_late(struct object *o, const char *const *names, size_t n);
void object__free(struct object *o);

bool object__is_old(const struct object *o);
struct bpf_object *object__bpf(const struct object *o);
/* What was loaded late; NULL: nothing. */
struct bpf_object *object__late(const struct object *o);
/* Settings; they are constant once the object is loaded. */
struct memleak_config *object__config(const struct object *o);
/* Shared with the BPF side once it is loaded. */
struct memleak_state *object__state(const struct object *o);
/* NULL: there is none of that name. libbpf takes NULL for a map or program without descriptor. */
struct bpf_map *object__map(const struct object *o, const char *name);
struct bpf_program *object__program(const struct object *o, const char *name);
#endif
