/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kobject_hash - kobjects where their table is a hash map of the kernel: before 6.0. Entries of
 * such a map are never seen half written, and carry the whole number of their epoch.
 */
#ifndef KERNEL_KOBJECT_HASH_H
#define KERNEL_KOBJECT_HASH_H

#include "kernel/kobjects.h"

/* fd: of the map. The others as in kobjects.h. */
int kobject_hash__read(int fd, uint32_t epoch, struct kobjects *before, struct kobjects *since);
/*
 * Between the look at an object and its removal another one may come to its address, and be removed
 * in its stead: that takes a microsecond, and an event that was missed.
 */
int kobject_hash__remove(int fd, const struct kobject *objects, size_t n, uint64_t *removed);
bool kobject_hash__is_same(int fd, const struct kobject *o);
#endif
