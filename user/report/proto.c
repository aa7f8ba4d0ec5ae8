/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/proto.h"

#include <stdlib.h>
#include <string.h>

#define MAX_VARINT 10 /* bytes that 64 bits take */

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

void proto__clear(struct proto *p)
{
	free(p->data);
	*p = (struct proto){0};
}

void proto__reset(struct proto *p)
{
	p->size = 0;
	p->failed = false;
}

static bool make_room(struct proto *p, size_t size)
{
	size_t need, max = p->max ? p->max : 64;
	uint8_t *data;

	if (p->failed || __builtin_add_overflow(p->size, size, &need)) {
		p->failed = true;
		return false;
	}
	if (need <= p->max)
		return true;
	while (max < need)
		max = max > SIZE_MAX / 2 ? need : max * 2;
	data = realloc(p->data, max);
	if (!data) {
		p->failed = true;
		return false;
	}
	p->data = data;
	p->max = max;
	return true;
}

static size_t encode(uint8_t *to, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		to[n++] = value | 0x80;
	to[n++] = value;
	return n;
}

static void varint(struct proto *p, uint64_t value)
{
	if (make_room(p, MAX_VARINT))
		p->size += encode(p->data + p->size, value);
}

static void tag(struct proto *p, uint32_t field, enum wire_type type)
{
	varint(p, (uint64_t)field << 3 | type);
}

void proto__u64(struct proto *p, uint32_t field, uint64_t value)
{
	if (!value)
		return;
	tag(p, field, WIRE_VARINT);
	varint(p, value);
}

void proto__bool(struct proto *p, uint32_t field, bool value)
{
	proto__u64(p, field, value);
}

void proto__i64(struct proto *p, uint32_t field, int64_t value)
{
	proto__u64(p, field, (uint64_t)value);
}

void proto__bytes(struct proto *p, uint32_t field, const void *data, size_t size)
{
	tag(p, field, WIRE_BYTES);
	varint(p, size);
	if (!size || !make_room(p, size))
		return;
	memcpy(p->data + p->size, data, size);
	p->size += size;
}

void proto__string(struct proto *p, uint32_t field, const char *s)
{
	if (s)
		proto__bytes(p, field, s, strlen(s));
}

void proto__message(struct proto *p, uint32_t field, struct proto *message)
{
	if (message->failed)
		p->failed = true;
	else
		proto__bytes(p, field, message->data, message->size);
	proto__reset(message);
}

void proto__packed(struct proto *p, uint32_t field, const uint64_t *values, size_t n)
{
	uint8_t one[MAX_VARINT];
	size_t size = 0, i;

	if (!n)
		return;
	for (i = 0; i < n; i++)
		size += encode(one, values[i]);
	tag(p, field, WIRE_BYTES);
	varint(p, size);
	for (i = 0; i < n; i++)
		varint(p, values[i]);
}

bool proto__next_packed(struct proto_reader *r, uint64_t *value)
{
	unsigned int shift = 0;

	if (r->bad || r->at == r->end)
		return false;
	for (*value = 0; r->at < r->end && shift < 64; shift += 7) {
		uint8_t byte = *r->at++;

		if (shift == 63 && byte > 1) /* beyond 64 bits */
			break;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	r->bad = true;
	return false;
}

static bool skip(struct proto_reader *r, size_t size)
{
	if ((size_t)(r->end - r->at) < size) {
		r->bad = true;
		return false;
	}
	r->at += size;
	return true;
}

bool proto__next(struct proto_reader *r, struct proto_field *f)
{
	uint64_t tag, size;

	while (proto__next_packed(r, &tag)) {
		if (tag >> 3 == 0 || tag >> 32) {
			r->bad = true;
			return false;
		}
		*f = (struct proto_field){.number = tag >> 3};
		switch (tag & 7) {
		case WIRE_VARINT:
			return proto__next_packed(r, &f->value);
		case WIRE_BYTES:
			if (!proto__next_packed(r, &size))
				break;
			f->is_bytes = true;
			f->data = r->at;
			f->size = size;
			return skip(r, size);
		case WIRE_FIXED64:
			skip(r, 8);
			continue;
		case WIRE_FIXED32:
			skip(r, 4);
			continue;
		default: /* groups are not written since 2008 */
			break;
		}
		r->bad = true;
	}
	return false;
}
