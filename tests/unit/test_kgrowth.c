/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report says of caches that have grown. */
#include "check.h"

#include <stdlib.h>

#include "kernel/kgrowth.h"

static char *text;

/* What is printed of a list, in text until the next call. */
static const char *print(struct kgrowth *list, size_t n, bool selective)
{
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	kgrowth__print(list, n, selective, out);
	fclose(out);
	return text;
}

static const char *print_one(uint64_t objects, uint64_t known, uint64_t moving, bool selective)
{
	struct kgrowth g = {"foo", 64, objects, known, moving};

	return print(&g, 1, selective);
}

#define EXPLAIN                                                                                    \
	"check: unexplained are objects that were allocated without an event, as in bulk, by "     \
	"this "                                                                                    \
	"tool, or for a moment\n"

static void accounts(void)
{
	CHECK_STR(print(NULL, 0, false), "");
	CHECK_STR(print_one(1003, 1003, 5, false),
		  "check: foo grew by 1,003 objects, all of them accounted for (1,003 allocated "
		  "since are there)\n");
	CHECK_STR(print_one(1000, 1003, 0, false),
		  "check: foo grew by 1,000 objects, all of them accounted for (1,003 allocated "
		  "since are there)\n");
	/* down: not 100.0 % where one is missing */
	CHECK_STR(print_one(100000, 99999, 7, false),
		  "check: foo grew by 100,000 objects, 99,999 of them accounted for (99.9 %), 1 "
		  "came or went meanwhile\n");
	CHECK_STR(print_one(1000, 800, 150, false),
		  "check: foo grew by 1,000 objects, 800 of them accounted for (80.0 %), 150 came "
		  "or went meanwhile, 50 unexplained\n" EXPLAIN);
	CHECK_STR(print_one(100, 0, 0, false),
		  "check: foo grew by 100 objects, 0 of them accounted for (0.0 %), 100 "
		  "unexplained\n" EXPLAIN);
	CHECK_STR(print_one(4000, 2000, 0, true),
		  "check: foo grew by 4,000 objects, 2,000 of them accounted for (50.0 %), 2,000 "
		  "not followed\n");
}

/* Nothing more is to be said where the kernel is known to allocate in bulk. */
static void in_bulk(void)
{
	struct kgrowth g = {"maple_node", 256, 298, 211, 55};

	CHECK_STR(print(&g, 1, false),
		  "check: maple_node grew by 298 objects, 211 of them accounted for (70.8 %), 55 "
		  "came or went meanwhile, 32 unexplained: the kernel allocates these in bulk, "
		  "which has no event\n");
	g.moving = 87;
	CHECK_STR(print(&g, 1, false),
		  "check: maple_node grew by 298 objects, 211 of them accounted for (70.8 %), 87 "
		  "came or went meanwhile\n");
	g.moving = 0;
	CHECK_STR(print(&g, 1, true),
		  "check: maple_node grew by 298 objects, 211 of them accounted for (70.8 %), 87 "
		  "not followed\n");
	g.name = "maple_node2";
	CHECK(strstr(print(&g, 1, false), "87 unexplained\n" EXPLAIN) != NULL);
}

/* By bytes, eight of them. */
static void order(void)
{
	struct kgrowth list[] = {
		{"c", 1, 700, 700, 0}, {"a", 4096, 100, 100, 0}, {"b", 64, 1000, 1000, 0},
		{"d", 1, 600, 600, 0}, {"e", 1, 500, 500, 0},	 {"f", 1, 400, 400, 0},
		{"g", 1, 300, 300, 0}, {"h", 1, 200, 200, 0},	 {"i", 1, 100, 100, 0},
		{"j", 1, 90, 90, 0},
	};
	char names[16] = "";
	const char *at;
	size_t n = 0;

	print(list, sizeof(list) / sizeof(list[0]), false);
	for (at = text; (at = strstr(at, "check: ")) && n < 15; at += 7)
		names[n++] = at[7] == 'a' && at[8] == 'n' ? '+' : at[7];
	CHECK_STR(names, "abcdefgh+");
	CHECK(strstr(text, "check: and 2 more caches grew\n") != NULL);
}

int main(void)
{
	RUN(accounts);
	RUN(in_bulk);
	RUN(order);
	free(text);
	return check_done();
}
