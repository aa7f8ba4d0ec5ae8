/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sink - where the texts of a sample go: into a history, and into a recording. */
#ifndef TRIAGE_SINK_H
#define TRIAGE_SINK_H

#include <stddef.h>

struct sink {
	int (*put)(void *ctx, const char *name, const char *text, size_t len);
	void *ctx;
};

static inline int sink__put(const struct sink *sink, const char *name, const char *text, size_t len)
{
	return sink->put(sink->ctx, name, text, len);
}
#endif
