/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "contents/contents.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define MIN_STRING 6  /* characters */
#define MAX_STRINGS 8 /* of one object */
#define MAX_LENGTH 72 /* characters of a string that are shown */
#define START 48      /* bytes that tell what is alike */
#define WORD sizeof(uint64_t)

bool contents__is_kernel_pointer(uint64_t word, void *unused)
{
	(void)unused;
	/* the upper half of 57 bits (five levels of page tables); -4095 to -1 are errors */
	return word >= 0xff00000000000000ULL && word < (uint64_t)-4095;
}

static bool is_text(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

static uint64_t word_at(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* Is the word at i a pointer? All of its bytes may be letters, too. */
static bool is_pointer(const uint8_t *data, size_t size, size_t i,
		       const struct contents_pointers *pointers)
{
	return i % WORD == 0 && size - i >= WORD &&
	       pointers->is_one(word_at(data + i), pointers->arg);
}

/* Characters from i on that are text. */
static size_t text_length(const uint8_t *data, size_t size, size_t i,
			  const struct contents_pointers *pointers)
{
	size_t n = 0;

	if (is_pointer(data, size, i, pointers))
		return 0;
	while (i + n < size && is_text(data[i + n]))
		n++;
	return n;
}

void contents__signature(const uint8_t *data, size_t size, const struct contents_pointers *pointers,
			 char out[CONTENTS_SIGNATURE])
{
	static const char digits[] = "0123456789abcdef";
	size_t i = 0, n = 0, text;

	if (size > START)
		size = START;
	while (i < size && n + 2 * WORD + 2 < CONTENTS_SIGNATURE) {
		text = text_length(data, size, i, pointers);
		if (text >= 4 || (i && text)) {
			/* digits count up: a run of them is one */
			if (isdigit(data[i])) {
				while (i < size && isdigit(data[i]))
					i++;
				out[n++] = '0';
			} else {
				out[n++] = data[i++];
			}
		} else if (is_pointer(data, size, i, pointers)) {
			out[n++] = 1;
			i += WORD;
		} else {
			out[n++] = 2;
			out[n++] = digits[data[i] >> 4];
			out[n++] = digits[data[i] & 15];
			i++;
		}
	}
	out[n] = '\0';
}

static void print_quoted(const uint8_t *text, size_t n, FILE *out)
{
	size_t i, shown = n < MAX_LENGTH ? n : MAX_LENGTH;

	fputc('"', out);
	for (i = 0; i < shown; i++) {
		if (text[i] == '\n')
			fputs("\\n", out);
		else if (text[i] == '\t')
			fputs("\\t", out);
		else if (text[i] == '"' || text[i] == '\\')
			fprintf(out, "\\%c", text[i]);
		else
			fputc(text[i], out);
	}
	fputs(n > shown ? "\"…" : "\"", out);
}

void contents__print_start(const uint8_t *data, size_t size,
			   const struct contents_pointers *pointers, FILE *out)
{
	size_t i, n = text_length(data, size, 0, pointers);

	if (n >= 4) {
		print_quoted(data, n < 40 ? n : 40, out);
		return;
	}
	for (i = 0; i < size && i < 16; i++)
		fprintf(out, i && i % WORD == 0 ? " %02x" : "%02x", data[i]);
	for (; i < size; i++) {
		n = text_length(data, size, i, pointers);
		if (n < MIN_STRING)
			continue;
		fprintf(out, ", at +%#zx ", i);
		print_quoted(data + i, n < 40 ? n : 40, out);
		break;
	}
}

static void print_strings(const uint8_t *data, size_t size,
			  const struct contents_pointers *pointers, FILE *out)
{
	size_t i, n, found = 0;

	for (i = 0; i < size; i += n ? n : 1) {
		n = text_length(data, size, i, pointers);
		if (n < MIN_STRING)
			continue;
		if (found++ == MAX_STRINGS) {
			fputs("  …\n", out);
			break;
		}
		fprintf(out, "  +%#zx ", i);
		print_quoted(data + i, n, out);
		fputc('\n', out);
	}
}

static void print_line(const uint8_t *data, size_t at, size_t n,
		       const struct contents_pointers *pointers, FILE *out)
{
	char words[160];
	size_t i;

	fprintf(out, "  %04zx ", at);
	for (i = 0; i < 16; i++) {
		if (i % WORD == 0)
			fputc(' ', out);
		if (i < n)
			fprintf(out, "%02x ", data[at + i]);
		else
			fputs("   ", out);
	}
	fputs(" |", out);
	for (i = 0; i < n; i++)
		fputc(data[at + i] >= 0x20 && data[at + i] < 0x7f ? data[at + i] : '.', out);
	fputc('|', out);
	for (i = 0; pointers->describe && i + WORD <= n; i += WORD)
		if (pointers->is_one(word_at(data + at + i), pointers->arg) &&
		    pointers->describe(word_at(data + at + i), words, sizeof(words), pointers->arg))
			fprintf(out, "  +%#zx → %s", at + i, words);
	fputc('\n', out);
}

void contents__print(const uint8_t *data, size_t size, const struct contents_pointers *pointers,
		     FILE *out)
{
	size_t at, n;
	bool skipped = false;

	print_strings(data, size, pointers, out);
	for (at = 0; at < size; at += 16) {
		n = size - at < 16 ? size - at : 16;
		/* as od(1) does it */
		if (at && n == 16 && at + 16 < size && !memcmp(data + at, data + at - 16, 16)) {
			if (!skipped)
				fputs("  *\n", out);
			skipped = true;
			continue;
		}
		skipped = false;
		print_line(data, at, n, pointers, out);
	}
}
