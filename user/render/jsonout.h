/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonout - writes JSON (RFC 8259), commas included.
 *
 *	jsonout__begin(&j, NULL, '{'); jsonout__u64(&j, "bytes", 5); jsonout__end(&j, '}');
 *
 * Integers are written as they are, all 64 bits of them. Strings are ASCII where it matters: what a
 * terminal would obey, and < > &, which a page would, comes as \uXXXX. So the text can stand in a
 * <script> of HTML and SVG alike. Bytes that are no UTF-8 come as four characters \xNN, as in
 * the text report.
 */
#ifndef RENDER_JSONOUT_H
#define RENDER_JSONOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct jsonout {
	FILE *out;
	bool comma; /* something is before the next value */
};

/* key: NULL in arrays and for the outermost value; ASCII without quotes. bracket: '{' or '['. */
void jsonout__begin(struct jsonout *j, const char *key, char bracket);
void jsonout__end(struct jsonout *j, char bracket);
void jsonout__u64(struct jsonout *j, const char *key, uint64_t value);
void jsonout__i64(struct jsonout *j, const char *key, int64_t value);
void jsonout__bool(struct jsonout *j, const char *key, bool value);
void jsonout__null(struct jsonout *j, const char *key);
void jsonout__string(struct jsonout *j, const char *key, const char *s); /* NULL: null */
/* "0x7f0012345678": an address is a name, not a quantity, and may not fit into a double. */
void jsonout__address(struct jsonout *j, const char *key, uint64_t value);
#endif
