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

/* A message being read. Fields come one after another, in any order; unknown ones are skipped. */
struct proto_reader {
	const uint8_t *at, *end;
	bool bad; /* it is no message */
};

struct proto_field {
	uint32_t number;
	bool is_bytes;
	uint64_t value; /* unless is_bytes */
	const uint8_t *data;
	size_t size;
};

/* The next field with a number or with bytes; false: the end, or bad. */
bool proto__next(struct proto_reader *r, struct proto_field *f);
/* Packed varints: the next one; false: the end, or bad. */
bool proto__next_packed(struct proto_reader *r, uint64_t *value);
static inline struct proto_reader proto__reader(const void *data, size_t size)
{
	/* no offset, not even 0, is defined of NULL */
	return (struct proto_reader){
		.at = data,
		.end = size ? (const uint8_t *)data + size : data,
	};
}
#endif
