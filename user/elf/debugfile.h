/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debugfile - where the debug information of an image is, when not in the image itself.
 *
 * A file is only taken when it provably belongs to the image: same build-id, or the checksum that
 * the image holds.
 */
#ifndef DEBUGFILE_H
#define DEBUGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elfimg;

struct debugfile_opts {
	const char *debug_dir; /* searched before /usr/lib/debug; may be NULL */
	bool debuginfod;       /* ask the network, too */
};

/* Does the image hold DWARF itself (.debug_info)? */
bool debugfile__has_dwarf(const struct elfimg *img);

/*
 * All of these: *out is a new image, freed by elfimg__free. Return 0; -ENOENT there is none;
 * -ENOMEM.
 */

/* The separate debug file: by build-id, then by .gnu_debuglink, then debuginfod if allowed. */
int debugfile__find(const struct elfimg *img, const struct debugfile_opts *opts,
		    struct elfimg **out);
/* The file that .gnu_debugaltlink of a debug file names: DWARF that dwz moved out. */
int debugfile__find_alt(const struct elfimg *debug, const struct debugfile_opts *opts,
			struct elfimg **out);
/* The mini symbol table in .gnu_debugdata, unpacked. */
int debugfile__mini(const struct elfimg *img, struct elfimg **out);

/*
 * Parse .gnu_debuglink contents: file name, NUL, padding to 4 bytes, CRC32 (GDB manual, "Separate
 * Debug Files"). False when broken or when the name is more than a plain file name. data ends with
 * a NUL that size does not count.
 */
bool debugfile__parse_link(const void *data, size_t size, const char **name, uint32_t *crc);
#endif
