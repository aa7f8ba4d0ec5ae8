/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kgroups - what looks the same in a report is one: stacks that differ only in the allocator's own
 * frames, which are not shown; and the sites of caches of one name, as a cache may go and come
 * again. Each group is known by one of its members.
 */
#ifndef KERNEL_KGROUPS_H
#define KERNEL_KGROUPS_H

#include <stdint.h>

struct kallsyms;
struct kgroups;
struct ksession;

/* Both borrowed. NULL: no memory. */
struct kgroups *kgroups__new(struct ksession *session, const struct kallsyms *symbols);
void kgroups__free(struct kgroups *g);
/* To be called for each snapshot, before the others. */
void kgroups__update(struct kgroups *g);
/* The site that stands for this one; both are indices. */
uint32_t kgroups__site(const struct kgroups *g, uint32_t site);
/* The key that stands for this one; 0 for 0. */
uint32_t kgroups__stack(const struct kgroups *g, uint32_t key);
#endif
