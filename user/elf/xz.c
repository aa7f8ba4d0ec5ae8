/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xz - one-shot decoding with liblzma, found at run time.
 *
 * libdw already brings liblzma into the process wherever it was built with .gnu_debugdata support,
 * but it decodes without a limit, and some kilobytes can unpack to gigabytes. Hence our own call,
 * bounded in output and memory; without liblzma there is merely no mini symbol table.
 */
#include "elf/xz.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* lzma/container.h and lzma/base.h: stable ABI of liblzma.so.5. */
typedef int (*decode_fn)(uint64_t *memlimit, uint32_t flags, const void *allocator,
			 const uint8_t *in, size_t *in_pos, size_t in_size, uint8_t *out,
			 size_t *out_pos, size_t out_size);
enum {
	LZMA_OK = 0,
	LZMA_BUF_ERROR = 10, /* also: the output buffer is too small */
};

static const uint64_t decoder_memory = 128 << 20; /* xz -9 needs 65 MiB */

int xz__decode(const void *in, size_t in_size, size_t max, void **out, size_t *out_size)
{
	size_t room = in_size < max / 8 ? in_size * 8 : max;
	uint8_t *buf = NULL;
	decode_fn decode;
	int err = -ENOTSUP;
	void *lib;

	*out = NULL;
	*out_size = 0;
	lib = dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return err;
	decode = (decode_fn)dlsym(lib, "lzma_stream_buffer_decode");
	if (!decode)
		goto cleanup;

	for (;;) {
		size_t in_pos = 0, out_pos = 0;
		uint64_t memory = decoder_memory;
		uint8_t *grown = realloc(buf, room ? room : 1);
		int ret;

		err = -ENOMEM;
		if (!grown)
			goto cleanup;
		buf = grown;
		ret = decode(&memory, 0, NULL, in, &in_pos, in_size, buf, &out_pos, room);
		if (ret == LZMA_OK) {
			*out = buf;
			*out_size = out_pos;
			buf = NULL;
			err = 0;
			goto cleanup;
		}
		err = ret == LZMA_BUF_ERROR ? -EFBIG : -EINVAL;
		if (ret != LZMA_BUF_ERROR || room >= max)
			goto cleanup;
		room = room < max / 4 ? room * 4 : max;
		if (room < 4096)
			room = max < 4096 ? max : 4096;
	}

cleanup:
	free(buf);
	dlclose(lib);
	return err;
}
