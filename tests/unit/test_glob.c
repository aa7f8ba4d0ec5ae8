/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>

#include "filter_host.h"
#include "kernel/glob.h"

static struct filter_text text;

static bool matches(const char *pattern, const char *s)
{
	char room[FILTER_NAME_ROOM] = "";

	snprintf(room, sizeof(room), "%s", s);
	glob__compile(pattern, strlen(pattern), false, &text);
	return filter_text_match(&text, room, sizeof(room));
}

/* What glob(7) and lib/glob.c of the kernel say of them. */
static void known(void)
{
	CHECK(matches("", ""));
	CHECK(!matches("", "a"));
	CHECK(matches("*", ""));
	CHECK(matches("**", "abc"));
	CHECK(!matches("?", ""));
	CHECK(matches("a*", "a"));
	CHECK(matches("*aaaaa", "aaaaaaaaaa"));
	CHECK(matches("[a-c]", "b"));
	CHECK(!matches("[a-c]", "d"));
	CHECK(matches("[!a-c]", "d"));
	CHECK(!matches("[!a-c]", "a"));
	CHECK(matches("[]]", "]"));
	CHECK(matches("[!]]", "a"));
	CHECK(!matches("[!]]", "]"));
	CHECK(matches("[a-]", "-"));
	CHECK(matches("[-a]", "-"));
	CHECK(matches("[a", "[a"));
	CHECK(matches("[!", "[!"));
	CHECK(matches("[a-", "[a-"));
	CHECK(!matches("[c-a]", "b"));
	CHECK(matches("\\*", "*"));
	CHECK(!matches("\\*", "a"));
	CHECK(matches("a\\", "a\\"));
	CHECK(matches("?", "\xff"));
	CHECK(matches("[\x80-\xff]", "\xe4"));
	CHECK(matches("[!a]", "\xe4"));
	CHECK(!matches("[!a]", ""));
}

/* All patterns of up to 5 and all texts of up to 4 characters of small alphabets. */
static void all_short_ones(void)
{
	static const char in_pattern[] = "ab*?[]!-\\", in_text[] = "ab]-";
	char pattern[6], s[5];
	unsigned long yes = 0, n = 0;
	unsigned int patterns = 1, texts = 1;

	for (int i = 0; i < 5; i++)
		patterns *= sizeof(in_pattern); /* one more: the pattern ends */
	for (int i = 0; i < 4; i++)
		texts *= sizeof(in_text);
	for (unsigned int p = 0; p < patterns; p++) {
		char room[FILTER_NAME_ROOM] = "";

		for (unsigned int i = 0, rest = p; i < 6; i++, rest /= sizeof(in_pattern))
			pattern[i] = i < 5 ? in_pattern[rest % sizeof(in_pattern)] : '\0';
		glob__compile(pattern, strlen(pattern), false, &text);
		/* of all texts a few, others for each pattern */
		for (unsigned int t = p % 7; t < texts; t += 7) {
			bool expected;

			for (unsigned int i = 0, rest = t; i < 5; i++, rest /= sizeof(in_text))
				s[i] = i < 4 ? in_text[rest % sizeof(in_text)] : '\0';
			snprintf(room, sizeof(room), "%s", s);
			expected = gen_glob(pattern, s);
			n++;
			yes += expected;
			if (filter_text_match(&text, room, sizeof(room)) != expected) {
				printf("  '%s' of '%s': %d\n", s, pattern, !expected);
				CHECK(0);
				return;
			}
		}
	}
	CHECK(yes > n / 100);
}

static void sizes(void)
{
	char long_one[80];

	memset(long_one, '?', sizeof(long_one));
	CHECK_EQ(glob__compile(long_one, GLOB_MAX, false, &text), GLOB_MAX);
	CHECK_EQ(glob__compile(long_one, GLOB_MAX + 1, false, &text), -E2BIG);
	memset(long_one, '*', sizeof(long_one));
	CHECK_EQ(glob__compile(long_one, sizeof(long_one), false, &text), 0);
	CHECK_EQ(glob__compile(long_one, 10, true, &text), 10);
	CHECK_EQ(glob__compile("a[b-d]*\\??", 10, false, &text), 4);

	/* a text that is not ended within its room is none */
	memset(long_one, 'a', sizeof(long_one));
	glob__compile("*", 1, false, &text);
	CHECK(!filter_text_match(&text, long_one, FILTER_NAME_ROOM));
	long_one[FILTER_NAME_ROOM - 1] = '\0';
	CHECK(filter_text_match(&text, long_one, FILTER_NAME_ROOM));
}

int main(void)
{
	RUN(known);
	RUN(all_short_ones);
	RUN(sizes);
	return check_done();
}
