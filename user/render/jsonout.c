/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/jsonout.h"

#include <inttypes.h>

#include "render/render.h"

static void value(struct jsonout *j, const char *key)
{
	if (j->comma)
		fputc(',', j->out);
	j->comma = true;
	if (key)
		fprintf(j->out, "\"%s\":", key);
}

void jsonout__begin(struct jsonout *j, const char *key, char bracket)
{
	value(j, key);
	fputc(bracket, j->out);
	j->comma = false;
}

void jsonout__end(struct jsonout *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}

void jsonout__u64(struct jsonout *j, const char *key, uint64_t n)
{
	value(j, key);
	fprintf(j->out, "%" PRIu64, n);
}

void jsonout__i64(struct jsonout *j, const char *key, int64_t n)
{
	value(j, key);
	fprintf(j->out, "%" PRId64, n);
}

void jsonout__bool(struct jsonout *j, const char *key, bool b)
{
	value(j, key);
	fputs(b ? "true" : "false", j->out);
}

void jsonout__null(struct jsonout *j, const char *key)
{
	value(j, key);
	fputs("null", j->out);
}

void jsonout__address(struct jsonout *j, const char *key, uint64_t n)
{
	value(j, key);
	fprintf(j->out, "\"0x%" PRIx64 "\"", n);
}

/* RFC 8259, section 7: UTF-16, in two halves beyond the basic plane. */
static void escape_code(FILE *out, uint32_t code)
{
	if (code < 0x10000) {
		fprintf(out, "\\u%04x", code);
		return;
	}
	code -= 0x10000;
	fprintf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

void jsonout__string(struct jsonout *j, const char *key, const char *s)
{
	uint32_t code;
	size_t n;

	if (!s) {
		jsonout__null(j, key);
		return;
	}
	value(j, key);
	fputc('"', j->out);
	for (; *s; s += n) {
		n = render__plain(s);
		if (n) {
			fwrite(s, 1, n, j->out);
			continue;
		}
		n = render__decode(s, &code);
		if (!n) {
			fprintf(j->out, "\\\\x%02x", (unsigned char)*s);
			n = 1;
		} else if (render__is_unsafe(code) || code == '<' || code == '>' || code == '&') {
			escape_code(j->out, code);
		} else if (code == '"' || code == '\\') {
			fprintf(j->out, "\\%c", (int)code);
		} else {
			fwrite(s, 1, n, j->out);
		}
	}
	fputc('"', j->out);
}
