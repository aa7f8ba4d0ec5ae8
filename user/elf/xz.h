/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xz - decompress a small .xz stream: what .gnu_debugdata holds. */
#ifndef ELF_XZ_H
#define ELF_XZ_H

#include <stddef.h>

/*
 * Decode the stream in[0..in_size) into *out (freed by the caller), at most max bytes.
 * Returns 0; -ENOTSUP no liblzma on this machine; -EFBIG more than max, or the
 * input is cut short (liblzma does not tell them apart); -EINVAL broken; -ENOMEM.
 */
int xz__decode(const void *in, size_t in_size, size_t max, void **out, size_t *out_size);
#endif
