/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debuginfod - debug files from the network, by build-id. Only ever called when the user asked. */
#ifndef ELF_DEBUGINFOD_H
#define ELF_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Ask the servers in $DEBUGINFOD_URLS. Returns a file descriptor; -ENOTSUP no client library;
 * -ENOENT no server has it, or none is set; other negative errno.
 */
int debuginfod__fetch(const uint8_t *build_id, size_t size);
#endif
