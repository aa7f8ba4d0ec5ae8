/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/render.h"

#include <errno.h>
#include <string.h>

#define ROW(name, help) &render_##name,
static const struct renderer *const renderers[] = {RENDER_FORMATS(ROW)};
#undef ROW

const struct renderer *renderer__at(enum render_id id)
{
	return renderers[id];
}

const struct renderer *renderer__find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(renderers) / sizeof(*renderers); i++)
		if (!strcmp(renderers[i]->name, name))
			return renderers[i];
	return NULL;
}

int render__end(FILE *out)
{
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* 0: too long a form, a surrogate, above U+10FFFF. A NUL inside ends it, so nothing behind is read.
 */
size_t render__decode(const char *string, uint32_t *code)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t n, i;
	uint32_t min;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	if ((s[0] & 0xe0) == 0xc0) {
		n = 2;
		min = 0x80;
		*code = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		n = 3;
		min = 0x800;
		*code = s[0] & 0x0f;
	} else if ((s[0] & 0xf8) == 0xf0) {
		n = 4;
		min = 0x10000;
		*code = s[0] & 0x07;
	} else {
		return 0;
	}
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < min || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

bool render__is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f)	    /* C0, DEL, C1 */
	       || code == 0x61c || code == 0x200e || code == 0x200f /* direction marks */
	       || (code >= 0x2028 && code <= 0x202e) /* line separators, embeddings, overrides */
	       || (code >= 0x2066 && code <= 0x2069) /* isolates */
	       || code == 0xfeff || (code >= 0xe0000 && code <= 0xe007f); /* invisible */
}

/* XML 1.0, section 2.2: these two are no characters. */
static bool is_no_xml(uint32_t code)
{
	return code == 0xfffe || code == 0xffff;
}

static const char *xml_entity(uint32_t code)
{
	switch (code) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

size_t render__plain(const char *s)
{
	size_t n = 0;

	while (s[n] >= ' ' && s[n] <= '~' && s[n] != '"' && s[n] != '\\' && s[n] != '<' &&
	       s[n] != '>' && s[n] != '&')
		n++;
	return n;
}

static void escape(FILE *out, const char *string, bool xml)
{
	const char *s = string;
	uint32_t code;
	size_t n, i;

	while (*s) {
		n = xml ? 0 : render__plain(s);
		if (n) { /* nearly all of it, mostly */
			fwrite(s, 1, n, out);
			s += n;
			continue;
		}
		n = render__decode(s, &code);
		if (n && xml && xml_entity(code)) {
			fputs(xml_entity(code), out);
			s += n;
			continue;
		}
		if (n && !render__is_unsafe(code) && !(xml && is_no_xml(code))) {
			fwrite(s, 1, n, out);
			s += n;
			continue;
		}
		for (i = 0; i < (n ? n : 1); i++)
			fprintf(out, "\\x%02x", (unsigned char)*s++);
	}
}

void render__escape(FILE *out, const char *string)
{
	escape(out, string, false);
}

void render__escape_xml(FILE *out, const char *string)
{
	escape(out, string, true);
}
