/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blockdump - --dump for processes: what is in the outstanding blocks of each stack, those that
 * begin alike together.
 *
 *   blockdump__read, while the target's memory is there → blockdump__complete with the report
 *
 * The target runs on while its blocks are read: a block only counts if its record is the same after
 * the reading as before. Of each stack a bounded number is read.
 */
#ifndef BLOCKDUMP_H
#define BLOCKDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct blockdump;
struct report;
struct snapshot;

/* bytes: of one block that are shown. NULL: no memory. */
struct blockdump *blockdump__new(pid_t pid, struct snapshot *snapshot, size_t bytes);
void blockdump__free(struct blockdump *d);
/*
 * Read the blocks that are outstanding now. at_exit: the target stands still in its _exit, what is
 * read is of its end. Returns 0 or negative errno: nothing is known then.
 */
int blockdump__read(struct blockdump *d, bool at_exit);
/*
 * Add what was read to the sites of a report that has all blocks. Of a target that has ended, only
 * what was read at its exit.
 */
void blockdump__complete(struct blockdump *d, struct report *r);
#endif
