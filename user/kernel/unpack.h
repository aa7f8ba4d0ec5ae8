/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unpack - files of kernel modules as distributions pack them: .ko.gz, .ko.xz, .ko.zst. */
#ifndef KERNEL_UNPACK_H
#define KERNEL_UNPACK_H

#include <stddef.h>

/*
 * What is in the file behind fd, by its first bytes, not by its name: *out is a file in memory with
 * at most max bytes, the caller's to close, or -1 if it is not packed.
 * Returns 0; -ENOTSUP: this machine has no library for it; -EFBIG; other negative errno: it is
 * damaged.
 */
int unpack__file(int fd, size_t max, int *out);
#endif
