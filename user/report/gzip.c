/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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

struct unpacked {
	uint8_t *data;
	size_t size, room, max;
};

static int make_room(struct unpacked *u)
{
	size_t room = u->room ? u->room * 2 : 1 << 16;
	uint8_t *data;

	if (u->size < u->room)
		return 0;
	if (u->size >= u->max)
		return -EFBIG;
	if (room > u->max)
		room = u->max;
	data = realloc(u->data, room);
	if (!data)
		return -ENOMEM;
	u->data = data;
	u->room = room;
	return 0;
}

/* All that the input at hand gives. *done: the end of the file was among it. */
static int unpack(z_stream *z, struct unpacked *u, bool *done)
{
	int state = Z_OK, err;
	size_t room;

	do {
		err = make_room(u);
		if (err)
			return err;
		room = u->room - u->size < UINT_MAX ? u->room - u->size : UINT_MAX;
		z->next_out = u->data + u->size;
		z->avail_out = room;
		state = inflate(z, Z_NO_FLUSH);
		u->size += room - z->avail_out;
	} while (state == Z_OK && (z->avail_in || !z->avail_out));
	*done = state == Z_STREAM_END;
	if (state == Z_MEM_ERROR)
		return -ENOMEM;
	return *done || state == Z_OK || state == Z_BUF_ERROR ? 0 : -EILSEQ;
}

int gzip__read(int fd, size_t max, void **data, size_t *size)
{
	struct unpacked u = {.max = max};
	unsigned char part[1 << 16];
	z_stream z = {0};
	bool done = false;
	ssize_t n;
	int err = 0;

	*data = NULL;
	*size = 0;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	while (!done && !err) {
		n = read(fd, part, sizeof(part));
		if (n < 0)
			err = -errno;
		else if (!n)
			err = z.total_in ? -ENODATA : -EILSEQ;
		if (err)
			break;
		z.next_in = part;
		z.avail_in = n;
		err = unpack(&z, &u, &done);
	}
	inflateEnd(&z);
	if (err) {
		free(u.data);
		return err;
	}
	*data = u.data;
	*size = u.size;
	return 0;
}
