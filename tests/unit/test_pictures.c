/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bars, sparklines and SVG: what is drawn is as long as the number says, and text stays text. */
#include "check.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "render/bars.h"
#include "render/format.h"
#include "render/render.h"
#include "render/svg.h"

static char *text;
static size_t text_size;

static FILE *open_text(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &text_size);
}

static void check_text(FILE *out, const char *expected)
{
	fclose(out);
	CHECK_STR(text, expected);
}

/* The length of a bar in eighths of a column, and its full width. */
static unsigned int eighths(const char *bar, unsigned int *columns)
{
	unsigned int sum = 0;

	*columns = 0;
	while (*bar) {
		++*columns;
		if (*bar == ' ') {
			bar++;
			continue;
		}
		/* U+2588 is full, U+2589 seven eighths, and so on */
		CHECK(!strncmp(bar, "\xe2\x96", 2) && (unsigned char)bar[2] >= 0x88);
		sum += 8 - ((unsigned char)bar[2] - 0x88);
		bar += 3;
	}
	return sum;
}

static void bar_is_to_scale(void)
{
	unsigned int columns, i;
	FILE *out;

	for (i = 0; i <= 80; i++) {
		out = open_text();
		bars__bar(out, false, HUE_BLUE, i / 80.0, 10);
		fclose(out);
		CHECK_EQ(eighths(text, &columns), i);
		CHECK_EQ(columns, 10);
	}
}

static void bar_of_odd_shares(void)
{
	static const struct {
		double share;
		unsigned int eighths;
	} cases[] = {{-1, 0}, {NAN, 0}, {0, 0}, {1e-9, 1}, {2, 80}, {INFINITY, 80}};
	unsigned int columns;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		FILE *out = open_text();

		bars__bar(out, false, HUE_BLUE, cases[i].share, 10);
		fclose(out);
		CHECK_EQ(eighths(text, &columns), cases[i].eighths);
		CHECK_EQ(columns, 10);
	}
}

static void color_only_when_asked(void)
{
	FILE *out = open_text();

	bars__bar(out, true, HUE_BLUE, 1, 2);
	check_text(out, "\033[38;5;33m██\033[0m");
	out = open_text();
	bars__bar(out, false, HUE_BLUE, 1, 2);
	check_text(out, "██");
}

static void stack_ends_where_the_sum_does(void)
{
	/* each a third: 3.33 columns, so one of them gets a fourth */
	const struct bars_part thirds[] = {
		{1 / 3.0, HUE_RED, 'a'}, {1 / 3.0, HUE_BLUE, 'b'}, {1 / 3.0, HUE_GREEN, 'c'}};
	const struct bars_part odd[] = {{NAN, HUE_RED, 'a'},  {0.25, HUE_BLUE, 'b'},
					{-3, HUE_RED, 'c'},   {0, HUE_RED, 'd'},
					{0.25, HUE_RED, 'e'}, {9, HUE_GREEN, 'f'}};
	FILE *out = open_text();

	bars__stack(out, false, thirds, 3, 10);
	check_text(out, "aaabbbbccc");
	out = open_text();
	bars__stack(out, false, thirds, 1, 10);
	check_text(out, "aaa       ");
	out = open_text();
	bars__stack(out, false, odd, 6, 8);
	check_text(out, "bbeeffff");
}

static void spark_spans_low_to_high(void)
{
	const double rising[] = {0, 1, 2, 3, 4, 5, 6, 7}, flat[] = {5, 5, 5},
		     holes[] = {10, NAN, 20, INFINITY};
	FILE *out = open_text();

	bars__spark(out, rising, 8);
	check_text(out, "▁▂▃▄▅▆▇█");
	out = open_text();
	bars__spark(out, flat, 3);
	check_text(out, "▁▁▁");
	out = open_text();
	bars__spark(out, holes, 4);
	check_text(out, "▁ █ ");
}

static void field_is_as_wide_as_asked(void)
{
	static const struct {
		const char *in;
		unsigned int width;
		bool right;
		const char *out;
	} cases[] = {
		{"abc", 5, false, "abc  "},    {"abc", 5, true, "  abc"},
		{"abcde", 5, false, "abcde"},  {"abcdefghij", 7, false, "ab…ghij"},
		{"äöüßéèê", 4, false, "ä…èê"}, {"äöü", 4, true, " äöü"},
		{"a\nb", 6, false, "a\\x0ab"}, {"a\xff", 6, false, "a\\xff "},
		{"", 2, false, "  "},	       {"abc", 1, false, "…"},
		{"abc", 0, false, ""},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		FILE *out = open_text();

		bars__field(out, cases[i].in, cases[i].width, cases[i].right);
		check_text(out, cases[i].out);
	}
}

static void xml_keeps_text_text(void)
{
	FILE *out = open_text();

	/* markup, what XML 1.0 forbids, and text that turns its line around */
	render__escape_xml(out, "<a href=\"x\">&'</a>]]>\x01\x1b\xef\xbf\xbe\xff\xe2\x80\xaeü");
	check_text(out, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;]]&gt;\\x01\\x1b"
			"\\xef\\xbf\\xbe\\xff\\xe2\\x80\\xaeü");
	/* plain text is not XML */
	out = open_text();
	render__escape(out, "<&>'\"");
	check_text(out, "<&>'\"");
}

static void shapes_are_where_they_should(void)
{
	const double x[] = {0, 1, 2, 3}, y[] = {5, NAN, 7, 8};
	FILE *out = open_text();

	svg__rect(out, 1, 2, 30.5, 4, HUE_GREEN, 1, NULL);
	check_text(out, "<rect class=\"h2\" x=\"1.00\" y=\"2.00\" width=\"30.50\" "
			"height=\"4.00\"/>\n");
	out = open_text();
	svg__rect(out, 1, 2, -1, 4, HUE_GREEN, 0.5, "a<b");
	check_text(out, "<rect class=\"h2\" x=\"1.00\" y=\"2.00\" width=\"0.00\" "
			"height=\"4.00\" fill-opacity=\"0.500\"><title>a&lt;b</title></rect>\n");
	out = open_text();
	svg__curve(out, x, y, 4, HUE_BLUE);
	check_text(out, "<path class=\"h0 s\" d=\"M0.00 5.00M2.00 7.00L3.00 8.00\"/>\n");
}

static void only_numbers_to_the_right(void)
{
	const char *const cells[] = {"12.3 MiB", "-1", "+2", "1,024", "libc.so.6", "", "7f00-7f01"};
	FILE *out = open_text();

	page__row(out, cells, 7);
	check_text(out, "<tr><td class=\"d\">12.3 MiB</td><td class=\"d\">-1</td>"
			"<td class=\"d\">+2</td><td class=\"d\">1,024</td><td>libc.so.6</td>"
			"<td></td><td>7f00-7f01</td></tr>\n");
}

static void bytes_for_people(void)
{
	static const struct {
		uint64_t bytes;
		const char *out;
	} cases[] = {
		{0, "0 B"},
		{1, "1 B"},
		{1023, "1023 B"},
		{1024, "1.0 KiB"},
		{1024 + 51, "1.0 KiB"},	 /* 1.0498 */
		{1024 + 52, "1.1 KiB"},	 /* 1.0508 */
		{1048524, "1023.9 KiB"}, /* 1023.949 */
		{1048525, "1.0 MiB"},	 /* 1023.950 */
		{1048576, "1.0 MiB"},
		{43201331, "41.2 MiB"},
		{1ULL << 40, "1.0 TiB"},
		{1ULL << 60, "1.0 EiB"},
		{UINT64_MAX, "16.0 EiB"},
	};
	char buf[FORMAT_BYTES_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_STR(format__bytes(buf, cases[i].bytes), cases[i].out);
	CHECK_STR(format__bytes_delta(buf, 0), "0 B");
	CHECK_STR(format__bytes_delta(buf, 2048), "+2.0 KiB");
	CHECK_STR(format__bytes_delta(buf, -2048), "-2.0 KiB");
	CHECK_STR(format__bytes_delta(buf, INT64_MIN), "-8.0 EiB");
	CHECK_STR(format__bytes_delta(buf, INT64_MAX), "+8.0 EiB");
}

int main(void)
{
	RUN(bar_is_to_scale);
	RUN(bar_of_odd_shares);
	RUN(color_only_when_asked);
	RUN(stack_ends_where_the_sum_does);
	RUN(spark_spans_low_to_high);
	RUN(field_is_as_wide_as_asked);
	RUN(xml_keeps_text_text);
	RUN(shapes_are_where_they_should);
	RUN(only_numbers_to_the_right);
	RUN(bytes_for_people);
	free(text);
	return check_done();
}
