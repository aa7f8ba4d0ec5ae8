/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

struct events {
	struct ring_buffer *ring;
	struct events_handler handler;
};

static void deliver_stack(const struct events *e, const void *data, size_t size)
{
	const size_t head = offsetof(struct stack_event, trace.pc);
	struct stack_event stack;

	if (size < head || size > sizeof(stack))
		return;
	memset(&stack, 0, sizeof(stack));
	memcpy(&stack, data, size);
	if (stack.trace.head.depth <= (size - head) / sizeof(stack.trace.pc[0]))
		e->handler.stack(&stack, e->handler.arg);
}

static int deliver(void *ctx, void *data, size_t size)
{
	const struct events *e = ctx;

	if (size >= sizeof(uint32_t) && *(uint32_t *)data == EVENT_STACK)
		deliver_stack(e, data, size);
	else if (size >= sizeof(struct stack_rest) && *(uint32_t *)data == EVENT_STACK_REST)
		e->handler.rest(data, e->handler.arg);
	else if (size >= sizeof(struct event))
		e->handler.event(data, e->handler.arg);
	return 0;
}

int events__new(int map_fd, const struct events_handler *handler, struct events **out)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->handler = *handler;
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
