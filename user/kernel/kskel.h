/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kskel - one of the two BPF objects for the kernel's allocators: the one with its own table of
 * objects, or the one for kernels before 6.0 (bpf/object_hash.bpf.h). Only this includes their
 * skeletons.
 */
#ifndef KERNEL_KSKEL_H
#define KERNEL_KSKEL_H

#include <stdbool.h>

struct bpf_map;
struct bpf_program;
struct filter_prog;
struct kernel_config;
struct kernel_state;
struct kskel;

/* Open, not load. Returns 0 or negative errno. */
int kskel__new(bool old, struct kskel **out);
/* Returns 0 or negative errno. */
int kskel__load(struct kskel *s);
void kskel__free(struct kskel *s);

/* To be set before loading, and read by all. */
struct kernel_config *kskel__config(const struct kskel *s);
struct filter_prog *kskel__filter(const struct kskel *s);
struct kernel_state *kskel__state(const struct kskel *s);
/* By name; NULL: there is none. */
struct bpf_map *kskel__map(const struct kskel *s, const char *name);
struct bpf_program *kskel__program(const struct kskel *s, const char *name);
/* The descriptor of a loaded program, negative: there is none. */
int kskel__program_fd(const struct kskel *s, const char *name);
#endif
