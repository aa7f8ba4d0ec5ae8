/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procmem - a process's memory read from outside while it runs: process_vm_readv(2). What is read
 * may change meanwhile, so nothing in it is to be trusted.
 *
 * Pages that the process has never touched are not read: that would give it page tables that it
 * did not have.
 */
#ifndef PROC_PROCMEM_H
#define PROC_PROCMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procmem {
	pid_t pid;
	int pagemap; /* -1: it is not told which pages there are */
};

void procmem__open(struct procmem *m, pid_t pid);
void procmem__close(struct procmem *m);
/* Has the page of addr contents, in memory or swapped out? True if that is not to be had. */
bool procmem__is_there(const struct procmem *m, uint64_t addr);
/* All n bytes, or false: not mapped, or not permitted (ptrace access is needed, see ptrace(2)). */
bool procmem__read(const struct procmem *m, uint64_t addr, void *buf, size_t n);
#endif
