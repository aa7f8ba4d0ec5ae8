/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_system - what the names in filters stand for on the system that this runs on. */
#ifndef KERNEL_FILTER_SYSTEM_H
#define KERNEL_FILTER_SYSTEM_H

#include "filter.h"

struct btf;
struct filter_system;

/*
 * btf: of the running kernel, may be NULL. root: what comes before /proc and /sys, else "".
 * Returns 0 or -ENOMEM: what cannot be read has no names.
 */
int filter_system__new(const struct btf *btf, const char *root, struct filter_system **out);
void filter_system__free(struct filter_system *s);
/* The names; functions and modules are left to the caller. Valid as long as s. */
void filter_system__names(struct filter_system *s, struct filter_names *names);
/* A descriptor for a cgroup's directory, for filter_cgroups of bpf/filter.bpf.h; or -errno. */
int filter_system__open_cgroup(const struct filter_system *s, uint64_t id);

#endif
