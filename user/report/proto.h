/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto - the wire format of protocol buffers, as far as pprof and our recordings need it:
 * varints, strings, messages, packed varints (https://protobuf.dev/programming-guides/encoding).
 */
#ifndef REPORT_PROTO_H
#define REPORT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message being written. All zero is an empty one. */
struct proto {
	uint8_t *data;
	size_t size, max;
	bool failed; /* no memory: what is written from then on is not kept */
};

void proto__clear(struct proto *p); /* free */
void proto__reset(struct proto *p); /* empty, keeps the memory */
/* Numbers of 0, false and NULL are not written: readers take absent fields for these. */
void proto__u64(struct proto *p, uint32_t field, uint64_t value);
void proto__bool(struct proto *p, uint32_t field, bool value);
void proto__i64(struct proto *p, uint32_t field, int64_t value); /* type int64 */
void proto__bytes(struct proto *p, uint32_t field, const void *data, size_t size);
void proto__string(struct proto *p, uint32_t field, const char *s);
/* Append message, and empty it for the next one. Also when it is empty. */
void proto__message(struct proto *p, uint32_t field, struct proto *message);
void proto__packed(struct proto *p, uint32_t field, const uint64_t *values, size_t n);
#endif
