/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

#include "contents/contents.h"
#include "contents/kinds.h"

static bool alike(const void *a, const void *b, size_t n)
{
	char x[CONTENTS_SIGNATURE], y[CONTENTS_SIGNATURE];

	const struct contents_pointers p = {.is_one = contents__is_kernel_pointer};

	contents__signature(a, n, &p, x);
	contents__signature(b, n, &p, y);
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

static char *printed(const void *data, size_t n,
		     bool (*describe)(uint64_t addr, char *buf, size_t size, void *arg))
{
	const struct contents_pointers p = {contents__is_kernel_pointer, describe, NULL};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	contents__print(data, n, &p, out);
	fclose(out);
	return text;
}

static bool point(uint64_t addr, char *buf, size_t size, void *arg)
{
	(void)arg;
	if (addr != 0xffffffff81a9e021)
		return false;
	snprintf(buf, size, "load_msg+0x41");
	return true;
}

static void prints(void)
{
	uint8_t data[72] = {0};
	uint64_t pointer = 0xffffffff81a9e021;
	char *text;

	memcpy(data, &pointer, 8);
	memcpy(data + 16, "say \"hi\"\\\n\x1b", 11);
	text = printed(data, sizeof(data), point);
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
	text = printed(data, 0, NULL);
	CHECK_STR(text, "");
	free(text);
}

/* An address whose bytes are text. */
static bool is_letters(uint64_t word, void *unused)
{
	(void)unused;
	return word == 0x5656484877773030;
}

static char *start(const void *data, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const struct contents_pointers p = {.is_one = is_letters};

	contents__print_start(data, n, &p, out);
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
	text = start("00wwHHVV and more", 17);
	CHECK_STR(text, "3030777748485656 20616e64206d6f72");
	free(text);
	memcpy(data + 0x20, "a string", 8);
	text = start(data, 64);
	CHECK_STR(text, "0102000000000000 0000000000000000, at +0x20 \"a string\"");
	free(text);
}

static void pointers(void)
{
	CHECK(contents__is_kernel_pointer(0xffff888100000000, NULL));
	CHECK(contents__is_kernel_pointer(0xffffffff81000000, NULL));
	CHECK(!contents__is_kernel_pointer(0, NULL));
	CHECK(!contents__is_kernel_pointer(UINT64_MAX, NULL));
	CHECK(!contents__is_kernel_pointer((uint64_t)-22, NULL)); /* an error */
	CHECK(!contents__is_kernel_pointer(0x00007fffffffe000, NULL));
}

static void counts_kinds(void)
{
	struct kinds *k = kinds__new(3);
	const struct kind *kind;
	size_t n;
	int i;

	for (i = 0; i < 5; i++)
		CHECK_EQ(kinds__add(k, "many", i, 10 + i, REACH_REACHABLE), 0);
	CHECK_EQ(kinds__add(k, "lost", 10, 1, REACH_POSSIBLE), 0);
	CHECK_EQ(kinds__add(k, "lost", 11, 2, REACH_DEFINITE), 0);
	CHECK_EQ(kinds__add(k, "lost", 12, 3, REACH_DEFINITE), 0);
	CHECK_EQ(kinds__add(k, "large", 20, 1000, REACH_REACHABLE), 0);
	CHECK_EQ(kinds__add(k, "one too many", 30, 7, REACH_INDIRECT), 0);
	CHECK_EQ(kinds__add(k, "many", 5, 15, REACH_REACHABLE), 0);
	CHECK_EQ(kinds__others(k)->count, 1);
	CHECK_EQ(kinds__others(k)->reach[REACH_INDIRECT].bytes, 7);
	kind = kinds__sort(k, &n);
	CHECK_EQ(n, 3);
	CHECK_STR(kind[0].key, "lost");
	CHECK_EQ(kind[0].bytes, 6);
	CHECK_EQ(kind[0].reach[REACH_DEFINITE].bytes, 5);
	CHECK_EQ(kind[0].reach[REACH_POSSIBLE].count, 1);
	CHECK_EQ(kind[0].first, 10);
	CHECK_EQ(kind[0].worst, 11);
	CHECK_EQ(kind[0].worst_kind, REACH_DEFINITE);
	CHECK_STR(kind[1].key, "large");
	CHECK_STR(kind[2].key, "many");
	CHECK_EQ(kind[2].smallest, 10);
	CHECK_EQ(kind[2].largest, 15);
	kind = kinds__sort_by_count(k, &n);
	CHECK_STR(kind[0].key, "many");
	CHECK_STR(kind[1].key, "lost");
	kinds__free(k);
}

int main(void)
{
	RUN(tells_apart);
	RUN(prints);
	RUN(starts);
	RUN(pointers);
	RUN(counts_kinds);
	return check_done();
}
