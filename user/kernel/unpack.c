/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/unpack.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/xz.h"
#include "elf/zstd.h"
#include "report/gzip.h"

typedef int (*decode_fn)(const void *in, size_t in_size, size_t max, void **out, size_t *out_size);

/* RFC 1952, the .xz file format 2.1.1.1, RFC 8878 3.1.1: how each begins. */
static const struct format {
	uint8_t magic[6];
	size_t size;
	decode_fn decode; /* NULL: gzip */
} formats[] = {
	{{0x1f, 0x8b}, 2, NULL},
	{{0xfd, '7', 'z', 'X', 'Z', 0}, 6, xz__decode},
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, zstd__decode},
};

static const struct format *format_of(int fd)
{
	uint8_t magic[6];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (n >= (ssize_t)formats[i].size &&
		    !memcmp(magic, formats[i].magic, formats[i].size))
			return &formats[i];
	return NULL;
}

/* Packed is smaller: a file of more than max is refused. */
static int read_all(int fd, size_t max, uint8_t **data, size_t *size)
{
	struct stat st;
	size_t n = 0;
	ssize_t got;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return -EFBIG;
	*data = malloc(st.st_size + 1);
	if (!*data)
		return -ENOMEM;
	do {
		got = pread(fd, *data + n, st.st_size - n, n);
		n += got > 0 ? got : 0;
	} while (got > 0);
	*size = n;
	return got < 0 ? -errno : 0;
}

static int decode(const struct format *f, int fd, size_t max, void **data, size_t *size)
{
	uint8_t *packed = NULL;
	size_t n = 0;
	int err;

	if (!f->decode)
		return lseek(fd, 0, SEEK_SET) ? -errno : gzip__read(fd, max, data, size);
	err = read_all(fd, max, &packed, &n);
	if (!err)
		err = f->decode(packed, n, max, data, size);
	free(packed);
	return err;
}

static int to_file(const uint8_t *data, size_t size, int *out)
{
	int fd = memfd_create("module", MFD_CLOEXEC), err;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (size) {
		n = write(fd, data, size);
		if (n < 0) {
			err = -errno;
			close(fd);
			return err;
		}
		data += n;
		size -= n;
	}
	*out = fd;
	return 0;
}

int unpack__file(int fd, size_t max, int *out)
{
	const struct format *f = format_of(fd);
	void *data = NULL;
	size_t size;
	int err;

	*out = -1;
	if (!f)
		return 0;
	err = decode(f, fd, max, &data, &size);
	if (!err)
		err = to_file(data, size, out);
	free(data);
	return err;
}
