/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmodlines - source lines of kernel modules, where their debug information is installed, or a .ko
 * with it in /lib/modules, packed or not. A file is taken if it has the build-id that the kernel
 * says the module has; where its sections are the kernel says, too (/sys/module).
 */
#ifndef KERNEL_KMODLINES_H
#define KERNEL_KMODLINES_H

#include <stddef.h>
#include <stdint.h>

struct dwarf_frame;
struct klines_opts;
struct kmodlines;

/* NULL: no memory. */
struct kmodlines *kmodlines__new(const char *release, const struct klines_opts *opts);
void kmodlines__free(struct kmodlines *k);
/*
 * As dwarf_info__lookup. Files are looked for when a module is first asked for. *n is 0 if nothing
 * is known of the module or of the address in it. Frames are valid until kmodlines__rest.
 */
int kmodlines__lookup(struct kmodlines *k, const char *module, uint64_t addr,
		      struct dwarf_frame *frames, size_t *n);
/* Until the next one no memory is needed, and nothing is mapped. */
void kmodlines__rest(struct kmodlines *k);
#endif
