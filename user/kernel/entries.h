/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entries - the parts of the kernel's code that interrupts enter by. There their stacks end: the
 * frames further out belong to whom they interrupted. The kernel cuts the stacks that it stores
 * at the same places (filter_irq_stacks), but exceptions, too, which come there by the same text
 * section. A page fault is the doing of the task that it happens in: its stack goes on.
 */
#ifndef KERNEL_ENTRIES_H
#define KERNEL_ENTRIES_H

#include <linux/types.h>
#include <stddef.h>

#include "../../bpf/memleak.h"

#include "../../bpf/kernel.h"

struct kallsyms;

/* symbols may be NULL. Returns how many of the ranges were filled. */
size_t entries__find(const struct kallsyms *symbols,
		     struct kernel_entry_range ranges[KERNEL_ENTRY_RANGES]);
#endif
