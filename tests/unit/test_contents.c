/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

#include "kernel/contents.h"

static bool alike(const void *a, const void *b, size_t n)
{
	char x[CONTENTS_SIGNATURE], y[CONTENTS_SIGNATURE];

	contents__signature(a, n, x);
	contents__signature(b, n, y);
	return !strcmp(x, y);
}

static void tells_apart(void)
{
	static const char one[64] = "version 15\ntimestamp 4294893000\n";
	static const char two[64] = "version 15\ntimestamp 42948\n";
	static const char other[64] = "version x\ntimestamp 4294893000\n";
	uint64_t a[8] = {0xffff888104640000, 1, 7}, b[8] = {0xffff88810ac01000, 1, 7};
	uint64_t c[8] = {0xffff88810ac01000, 1, 8}, d[8] = {1, 1, 7};

	CHECK(alike(one, one, 64));
	CHECK(alike(one, two, 24)); /* runs of digits are alike */
	CHECK(!alike(one, other, 64));
	CHECK(alike(a, b, sizeof(a))); /* and so are pointers */
	CHECK(!alike(b, c, sizeof(b)));
	CHECK(!alike(a, d, sizeof(a)));
	CHECK(alike("", "", 0));
}

static char *printed(const void *data, size_t n, contents_pointer_fn fn, void *arg)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	contents__print(data, n, fn, arg, out);
	fclose(out);
	return text;
}

static int point(uint64_t addr, char *buf, size_t size, void *arg)
{
	(void)arg;
	if (addr != 0xffffffff81a9e021)
		return 0;
	snprintf(buf, size, "load_msg+0x41");
	return 1;
}

static void prints(void)
{
	uint8_t data[72] = {0};
	uint64_t pointer = 0xffffffff81a9e021;
	char *text;

	memcpy(data, &pointer, 8);
	memcpy(data + 16, "say \"hi\"\\\n\x1b", 11);
	text = printed(data, sizeof(data), point, NULL);
	CHECK_STR(
		text,
		"  +0x10 \"say \\\"hi\\\"\\\\\\n\"\n"
		"  0000  21 e0 a9 81 ff ff ff ff  00 00 00 00 00 00 00 00  |!...............|"
		"  +0 → load_msg+0x41\n"
		"  0010  73 61 79 20 22 68 69 22  5c 0a 1b 00 00 00 00 00  |say \"hi\"\\.......|\n"
		"  0020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
		"  *\n"
		"  0040  00 00 00 00 00 00 00 00                           |........|\n");
	free(text);
	text = printed(data, 0, NULL, NULL);
	CHECK_STR(text, "");
	free(text);
}

static char *start(const void *data, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	contents__print_start(data, n, out);
	fclose(out);
	return text;
}

static void starts(void)
{
	uint8_t data[64] = {1, 2};
	char *text = start("version 15\nmore", 15);

	CHECK_STR(text, "\"version 15\\nmore\"");
	free(text);
	text = start(data, 64);
	CHECK_STR(text, "0102000000000000 0000000000000000");
	free(text);
	memcpy(data + 0x20, "a string", 8);
	text = start(data, 64);
	CHECK_STR(text, "0102000000000000 0000000000000000, at +0x20 \"a string\"");
	free(text);
}

static void pointers(void)
{
	CHECK(contents__is_pointer(0xffff888100000000));
	CHECK(contents__is_pointer(0xffffffff81000000));
	CHECK(!contents__is_pointer(0));
	CHECK(!contents__is_pointer(UINT64_MAX));
	CHECK(!contents__is_pointer((uint64_t)-22)); /* an error */
	CHECK(!contents__is_pointer(0x00007fffffffe000));
}

int main(void)
{
	RUN(tells_apart);
	RUN(prints);
	RUN(starts);
	RUN(pointers);
	return check_done();
}
