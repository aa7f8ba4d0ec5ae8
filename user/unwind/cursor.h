/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cursor - reads numbers from bytes that may end anywhere.
 *
 * A read beyond the end gives 0 and sets bad, which stays: a parser may check once after several
 * reads, but before it loops over, or adds up, what it has read.
 */
#ifndef UNWIND_CURSOR_H
#define UNWIND_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline size_t cursor__left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* The next size bytes, NULL when there are fewer. */
static inline const uint8_t *cursor__take(struct cursor *c, uint64_t size)
{
	const uint8_t *p = c->p;

	if (c->bad || size > cursor__left(c)) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	c->p += size;
	return p;
}

/* In host byte order: images of another order are not opened. */
#define CURSOR_READER(name, type)                                                                  \
	static inline type cursor__##name(struct cursor *c)                                        \
	{                                                                                          \
		const uint8_t *p = cursor__take(c, sizeof(type));                                  \
		type value = 0;                                                                    \
                                                                                                   \
		if (p)                                                                             \
			memcpy(&value, p, sizeof(value));                                          \
		return value;                                                                      \
	}
CURSOR_READER(u8, uint8_t)
CURSOR_READER(u16, uint16_t)
CURSOR_READER(u32, uint32_t)
CURSOR_READER(u64, uint64_t)
#undef CURSOR_READER

/* LEB128, DWARF 5, 7.6. Bits beyond the 64th are an error, except as a repetition of the sign. */
static inline uint64_t cursor__uleb(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte = cursor__u8(c);

		if (c->bad || (shift == 63 && byte > 1))
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

static inline int64_t cursor__sleb(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte = cursor__u8(c);

		if (c->bad || (shift == 63 && byte != 0 && byte != 0x7f))
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			if ((byte & 0x40) && shift < 57)
				value |= ~0ULL << (shift + 7);
			return (int64_t)value;
		}
	}
	c->bad = true;
	return 0;
}

#endif
