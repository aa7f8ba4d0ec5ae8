/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

struct events {
	struct ring_buffer *ring;
	void (*fn)(const struct event *, void *);
	void *arg;
};

static int deliver(void *ctx, void *data, size_t size)
{
	struct events *e = ctx;

	if (size >= sizeof(struct event))
		e->fn(data, e->arg);
	return 0;
}

int events__new(int map_fd, void (*fn)(const struct event *, void *), void *arg,
		struct events **out)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->fn = fn;
	e->arg = arg;
	e->ring = ring_buffer__new(map_fd, deliver, e, NULL);
	if (!e->ring) {
		free(e);
		return -errno;
	}
	*out = e;
	return 0;
}

void events__free(struct events *e)
{
	if (!e)
		return;
	ring_buffer__free(e->ring);
	free(e);
}

int events__fd(const struct events *e)
{
	return ring_buffer__epoll_fd(e->ring);
}

int events__drain(struct events *e)
{
	return ring_buffer__consume(e->ring);
}
