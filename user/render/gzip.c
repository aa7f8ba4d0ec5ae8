/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib.h: 16 more asks for a gzip header */

int gzip__write(FILE *out, const void *data, size_t size)
{
	z_stream z = {.next_in = (z_const Bytef *)data};
	unsigned char part[1 << 16];
	int state;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	do {
		if (!z.avail_in) {
			z.avail_in = size > UINT_MAX ? UINT_MAX : size;
			size -= z.avail_in;
		}
		z.next_out = part;
		z.avail_out = sizeof(part);
		state = deflate(&z, size ? Z_NO_FLUSH : Z_FINISH);
		/* cppcheck-suppress uninitvar */
		fwrite(part, 1, sizeof(part) - z.avail_out, out);
	} while (state != Z_STREAM_END && state != Z_STREAM_ERROR);
	deflateEnd(&z);
	return 0;
}
