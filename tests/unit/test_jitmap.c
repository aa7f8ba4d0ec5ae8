/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "sym/jitmap.h"
#include "sym/overlay.h"

/* "name@start" of what covers addr, "" if nothing. */
static const char *jit_at(const struct jitmap *m, uint64_t addr)
{
	static char text[JITMAP_MAX_LINE + 64];
	const struct jit_name *found = jitmap__find(m, addr);

	text[0] = '\0';
	if (found)
		snprintf(text, sizeof(text), "%s@%llx", found->name,
			 (unsigned long long)found->start);
	return text;
}

static struct jitmap *jit_of(const char *text, size_t size)
{
	struct jitmap *m = jitmap__new();

	CHECK_EQ(jitmap__feed(m, text, size), 0);
	CHECK_EQ(jitmap__seal(m), 0);
	return m;
}

static void understands_lines(void)
{
	static const struct {
		const char *line;
		uint64_t addr;
		const char *found;
	} cases[] = {
		{"1000 10 f\n", 0x1000, "f@1000"},
		{"1000 10 f\n", 0x100f, "f@1000"},
		{"1000 10 f\n", 0x1010, ""},
		{"1000 10 f\n", 0xfff, ""},
		{"7f3716fc5b80 134 JS:^leakyAdd /tmp/s.js:1:18\n", 0x7f3716fc5cb3,
		 "JS:^leakyAdd /tmp/s.js:1:18@7f3716fc5b80"},
		{"0x00007f0bf0e2a620 0x0000000000000188 int java.lang.String.hashCode()\n",
		 0x7f0bf0e2a7a7, "int java.lang.String.hashCode()@7f0bf0e2a620"},
		{"0XABCDEF 0X10 upper\n", 0xabcdef, "upper@abcdef"},
		{"aBcDeF 1 mixed\n", 0xabcdef, "mixed@abcdef"},
		{"1000\t10 \tf g\n", 0x1000, "f g@1000"},
		{"1000 10 f \n", 0x1000, "f @1000"},
		{"1000 10 f\r\n", 0x1000, "f\r@1000"},
		{"1000 10 \x1b[31mred\x07\xff\n", 0x1000, "\x1b[31mred\x07\xff@1000"},
		{"00000000000000000000001000 00000000000000000000010 f\n", 0x100f, "f@1000"},
		/* The ends of the range of numbers. */
		{"0 1 zero\n", 0, "zero@0"},
		{"fffffffffffffff0 f top\n", 0xfffffffffffffffe, "top@fffffffffffffff0"},
		{"fffffffffffffff0 10 f\n", 0xfffffffffffffff8, ""},
		{"fffffffffffffff0 11 f\n", 0xfffffffffffffff8, ""},
		{"1 ffffffffffffffff f\n", 0x1000, ""},
		{"0 ffffffffffffffff all\n", 0xfffffffffffffffe, "all@0"},
		{"10000000000001000 10 f\n", 0x1000, ""},
		{"1000 10000000000000010 f\n", 0x1000, ""},
		/* Nothing to know. */
		{"1000 0 f\n", 0x1000, ""},
		{"1000 10\n", 0x1000, ""},
		{"1000 10 \n", 0x1000, ""},
		{"1000 10  \t\n", 0x1000, ""},
		{"1000 10f\n", 0x1000, ""},
		{"1000 f\n", 0x1000, ""},
		{" 1000 10 f\n", 0x1000, ""},
		{"-1000 10 f\n", 0x1000, ""},
		{"1000 +10 f\n", 0x1000, ""},
		{"0x 10 f\n", 0, ""},
		{"x1000 10 f\n", 0x1000, ""},
		{"0x0x1000 10 f\n", 0x1000, ""},
		{"1000,10,f\n", 0x1000, ""},
		{"\n", 0, ""},
		{"\n\n\n1000 10 f\n\n", 0x1000, "f@1000"},
		{"garbage\n1000 10 f\nmore garbage\n", 0x1000, "f@1000"},
		{"second line of a name\n1000 10 f\n", 0x1000, "f@1000"},
		/* Not a whole line yet. */
		{"1000 10 f", 0x1000, ""},
		{"1000 10 f\n1000 10 g", 0x1000, "f@1000"},
		/* The later one counts. */
		{"1000 10 f\n1000 10 g\n", 0x1000, "g@1000"},
		{"1000 100 f\n1010 10 g\n", 0x100f, "f@1000"},
		{"1000 100 f\n1010 10 g\n", 0x1010, "g@1010"},
		{"1000 100 f\n1010 10 g\n", 0x1020, "f@1000"},
		{"1010 10 g\n1000 100 f\n", 0x1010, "f@1000"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jitmap *m = jit_of(cases[i].line, strlen(cases[i].line));

		if (strcmp(jit_at(m, cases[i].addr), cases[i].found) != 0)
			printf("  case %zu: %s", i, cases[i].line);
		CHECK_STR(jit_at(m, cases[i].addr), cases[i].found);
		jitmap__free(m);
	}
	jitmap__free(NULL);
}

static void ends_names_at_nul(void)
{
	static const char text[] = "1000 10 be\0fore\n2000 10 \0\n3000 10 c\n\0\0\0\n4000\0 10 d\n";
	struct jitmap *m = jit_of(text, sizeof(text) - 1);

	CHECK_STR(jit_at(m, 0x1000), "be@1000");
	CHECK_STR(jit_at(m, 0x2000), "");
	CHECK_STR(jit_at(m, 0x3000), "c@3000");
	CHECK_STR(jit_at(m, 0x4000), "");
	jitmap__free(m);
}

static void cuts_long_lines(void)
{
	const size_t prefix = strlen("1000 10 "), len = 3 * JITMAP_MAX_LINE;
	char *text = malloc(len + 64);
	size_t size;

	memcpy(text, "1000 10 ", prefix);
	memset(text + prefix, 'n', len);
	size = prefix + len;
	size += (size_t)sprintf(text + size, "\n2000 10 after\n");
	/* At once, and in parts that end anywhere. */
	for (size_t i = 0; i < 4; i++) {
		const size_t parts[] = {size, JITMAP_MAX_LINE, 7, 1};
		struct jitmap *m = jitmap__new();

		for (size_t at = 0; at < size; at += parts[i])
			CHECK_EQ(jitmap__feed(m, text + at,
					      parts[i] < size - at ? parts[i] : size - at),
				 0);
		CHECK_EQ(jitmap__seal(m), 0);
		CHECK(jitmap__find(m, 0x1000));
		if (jitmap__find(m, 0x1000))
			CHECK_EQ(strlen(jitmap__find(m, 0x1000)->name), JITMAP_MAX_LINE - prefix);
		CHECK_STR(jit_at(m, 0x2000), "after@2000");
		jitmap__free(m);
	}
	free(text);
}

static void parts_make_no_difference(void)
{
	static const char text[] = "1000 10 one\n0x2000 0x20 two words\ngarbage\n\n"
				   "1008 10 three\nffffffffffffffff 1 no\n3000 8 last\n4000 1 x";
	const size_t size = sizeof(text) - 1;

	for (size_t part = 1; part <= size; part++) {
		struct jitmap *m = jitmap__new();

		for (size_t at = 0; at < size; at += part) {
			CHECK_EQ(jitmap__feed(m, text + at, part < size - at ? part : size - at),
				 0);
			/* Also when what is there is asked for in between. */
			if (at % 3 == 0)
				CHECK_EQ(jitmap__seal(m), 0);
		}
		CHECK_EQ(jitmap__seal(m), 0);
		CHECK_STR(jit_at(m, 0x1007), "one@1000");
		CHECK_STR(jit_at(m, 0x1008), "three@1008");
		CHECK_STR(jit_at(m, 0x1017), "three@1008");
		CHECK_STR(jit_at(m, 0x201f), "two words@2000");
		CHECK_STR(jit_at(m, 0x3007), "last@3000");
		CHECK_STR(jit_at(m, 0x4000), "");
		jitmap__free(m);
	}
}

static void stops_at_the_limit(void)
{
	static char text[64 * 1024];
	struct jitmap *m = jitmap__new();
	size_t fed = 0;
	int err = 0;

	/* Lines that say nothing do not count. */
	CHECK_EQ(jitmap__feed(m, "garbage\n0 0 f\nffffffffffffffff 2 f\n", 35), 0);
	/* Each line covers what no other does, 16 bytes. */
	while (fed < JITMAP_MAX_ENTRIES && !err) {
		size_t used = 0;

		for (int i = 0; i < 1024; i++, fed++)
			used += (size_t)sprintf(text + used, "%zx 10 n%zx\n", fed * 16, fed);
		err = jitmap__feed(m, text, used);
	}
	CHECK_EQ(err, 0);
	CHECK_EQ(fed, JITMAP_MAX_ENTRIES);
	CHECK_EQ(jitmap__feed(m, "no entry\n", 9), 0);
	CHECK_EQ(jitmap__feed(m, "0 10 more\n", 10), -E2BIG);
	CHECK_EQ(jitmap__feed(m, "0 10 more\n", 10), -E2BIG);
	CHECK_EQ(jitmap__seal(m), 0);
	CHECK_STR(jit_at(m, 0), "n0@0");
	CHECK_STR(jit_at(m, 0x3ffffff), "n3fffff@3fffff0");
	CHECK_STR(jit_at(m, 0x4000000), "");
	for (size_t i = 0; i < JITMAP_MAX_ENTRIES; i += 9973) {
		char expected[64];

		snprintf(expected, sizeof(expected), "n%zx@%zx", i, i * 16);
		CHECK_STR(jit_at(m, i * 16 + i % 16), expected);
	}
	jitmap__free(m);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Against a model in which each address has its owner written down. */
static void overlaps_as_painted(void)
{
	enum {
		SPACE = 300,
		RANGES = 120
	};
	static const char value[RANGES];
	const uint64_t bases[] = {0, 0x7f0000000000, UINT64_MAX - SPACE};
	uint32_t state = 2463534242;
	size_t compared = 0;

	for (int round = 0; round < 1500; round++) {
		uint64_t base = bases[round % 3];
		const void *sealed[SPACE] = {0}, *painted[SPACE] = {0};
		struct overlay o = {0};
		int n = (int)(next_random(&state) % RANGES);
		uint32_t longest = next_random(&state) % 3 ? 30 : SPACE;

		for (int i = 0; i < n; i++) {
			uint32_t start = next_random(&state) % SPACE;
			uint32_t end = start + next_random(&state) % longest;

			end = end > SPACE ? SPACE : end;
			CHECK_EQ(overlay__add(&o, base + start, base + end, &value[i]), 0);
			for (uint32_t a = start; a < end; a++)
				painted[a] = &value[i];
			if (next_random(&state) % 16 == 0 || i == n - 1) {
				CHECK_EQ(overlay__seal(&o), 0);
				memcpy(sealed, painted, sizeof(sealed));
			}
			if (next_random(&state) % 8 == 0 || i == n - 1) {
				for (uint32_t a = 0; a < SPACE; a++, compared++)
					if (overlay__find(&o, base + a) != sealed[a])
						check_failed = 1;
			}
		}
		for (size_t i = 0; i < o.n; i++) {
			CHECK(o.range[i].start < o.range[i].end);
			CHECK(!i || o.range[i - 1].end <= o.range[i].start);
		}
		CHECK(!overlay__find(&o, base - 1) && !overlay__find(&o, base + SPACE));
		overlay__clear(&o);
		if (check_failed) {
			printf("  round %d differs\n", round);
			break;
		}
	}
	CHECK(compared > 1000000);
}

int main(void)
{
	RUN(understands_lines);
	RUN(ends_names_at_nul);
	RUN(cuts_long_lines);
	RUN(parts_make_no_difference);
	RUN(stops_at_the_limit);
	RUN(overlaps_as_painted);
	return check_done();
}
