/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zstd - decoding with libzstd, found at run time as liblzma is: few kernels pack modules so. */
#include "elf/zstd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* zstd.h: stable ABI of libzstd.so.1. */
struct in_buffer {
	const void *src;
	size_t size, pos;
};
struct out_buffer {
	void *dst;
	size_t size, pos;
};

struct library {
	void *handle;
	void *(*create)(void);
	size_t (*destroy)(void *stream);
	size_t (*decode)(void *stream, struct out_buffer *out, struct in_buffer *in);
	unsigned int (*is_error)(size_t ret);
};

static bool open_library(struct library *l)
{
	l->handle = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return false;
	l->create = (void *(*)(void))dlsym(l->handle, "ZSTD_createDStream");
	l->destroy = (size_t(*)(void *))dlsym(l->handle, "ZSTD_freeDStream");
	l->decode = (size_t(*)(void *, struct out_buffer *, struct in_buffer *))dlsym(
		l->handle, "ZSTD_decompressStream");
	l->is_error = (unsigned int (*)(size_t))dlsym(l->handle, "ZSTD_isError");
	return l->create && l->destroy && l->decode && l->is_error;
}

static int make_room(struct out_buffer *out, size_t max)
{
	size_t room = out->size ? out->size : 1 << 16;
	void *grown;

	if (out->pos < out->size)
		return 0;
	if (out->size >= max)
		return -EFBIG;
	room = room < max / 2 ? room * 2 : max;
	grown = realloc(out->dst, room);
	if (!grown)
		return -ENOMEM;
	out->dst = grown;
	out->size = room;
	return 0;
}

static int decode(const struct library *l, void *stream, struct in_buffer *in,
		  struct out_buffer *out, size_t max)
{
	size_t ret, had;
	int err;

	do {
		/* A byte more than it may be: that a frame ends there has to be seen, too. */
		err = make_room(out, max + 1);
		if (err)
			return err;
		had = in->pos + out->pos;
		ret = l->decode(stream, out, in);
		if (l->is_error(ret))
			return -EINVAL;
		if (out->pos > max)
			return -EFBIG;
		if (ret && in->pos + out->pos == had)
			return -ENODATA;
	} while (ret || in->pos < in->size);
	return 0;
}

int zstd__decode(const void *in, size_t in_size, size_t max, void **out, size_t *out_size)
{
	struct in_buffer from = {in, in_size, 0};
	struct out_buffer to = {0};
	struct library l = {0};
	void *stream = NULL;
	int err = -ENOTSUP;

	*out = NULL;
	*out_size = 0;
	if (!open_library(&l))
		goto cleanup;
	err = -ENOMEM;
	stream = l.create();
	if (!stream)
		goto cleanup;
	err = max == SIZE_MAX ? -EFBIG : decode(&l, stream, &from, &to, max);
	if (err)
		goto cleanup;
	*out = to.dst;
	*out_size = to.pos;
	to.dst = NULL;
cleanup:
	free(to.dst);
	if (stream)
		l.destroy(stream);
	if (l.handle)
		dlclose(l.handle);
	return err;
}
