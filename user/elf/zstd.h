/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zstd - decompress .zst files (RFC 8878): what distributions pack kernel modules with. */
#ifndef ELF_ZSTD_H
#define ELF_ZSTD_H

#include <stddef.h>

/*
 * Decode in[0..in_size) into *out (freed by the caller), at most max bytes.
 * Returns 0; -ENOTSUP no libzstd on this machine; -EFBIG more than max; -ENODATA cut short;
 * -EINVAL broken, or it asks for more than 128 MiB of memory; -ENOMEM.
 */
int zstd__decode(const void *in, size_t in_size, size_t max, void **out, size_t *out_size);
#endif
