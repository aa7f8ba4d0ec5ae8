/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The language of --fail-on: what it means, to the last byte, and what it refuses and where. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "gate/expr.h"

#define KNOWN                                                                                      \
	{                                                                                          \
		true, true, true, true, true, true, true                                           \
	}
#define HUGE_BYTES (UINT64_MAX - 1)

static const struct expr_figures figures = {
	.value = {[EXPR_LEAKED] = 1000,
		  [EXPR_LEAKS] = 10,
		  [EXPR_BYTES] = 1200000,
		  [EXPR_COUNT] = 300,
		  [EXPR_STACKS] = 7,
		  [EXPR_ALLOCS] = 5000},
	.known = KNOWN,
};
static const struct expr_figures baseline = {
	.value = {[EXPR_LEAKED] = 0,
		  [EXPR_LEAKS] = 0,
		  [EXPR_BYTES] = 1000000,
		  [EXPR_COUNT] = 300,
		  [EXPR_STACKS] = 7,
		  [EXPR_ALLOCS] = 4000},
	.known = KNOWN,
};

static enum gate_state judge(const char *text, const struct expr_figures *now,
			     const struct expr_figures *base, enum expr_quantity *by)
{
	enum gate_state state = GATE_NONE;
	struct expr_error error;
	struct expr *e = NULL;

	if (expr__parse(text, &e, &error)) {
		printf("  %s: %s at %zu\n", text, error.text, error.at);
		return GATE_NONE;
	}
	CHECK_STR(expr__text(e), text);
	state = expr__judge(e, now, base, by);
	expr__free(e);
	return state;
}

#define HOLDS(text) (judge(text, &figures, &baseline, &by) == GATE_FAIL)
#define NOT(text) (judge(text, &figures, &baseline, &by) == GATE_PASS)

static void compares(void)
{
	enum expr_quantity by;

	CHECK(HOLDS("leaked > 0"));
	CHECK(HOLDS("leaked>999") && NOT("leaked>1000"));
	CHECK(HOLDS("leaked >= 1000") && NOT("leaked >= 1001"));
	CHECK(HOLDS("leaked < 1001") && NOT("leaked < 1000"));
	CHECK(HOLDS("leaked <= 1000") && NOT("leaked <= 999"));
	CHECK(HOLDS("leaked == 1000") && NOT("leaked == 1001"));
	CHECK(HOLDS("leaked != 1001") && NOT("leaked != 1000"));
	CHECK(HOLDS(" leaks\t==10 ") && HOLDS("count == 300") && HOLDS("stacks == 7") &&
	      HOLDS("allocs == 5000") && HOLDS("bytes == 1200000"));
}

/* Powers of 1024, with fractions; a limit between two integers is between them. */
static void units(void)
{
	struct expr_figures f = figures;
	enum expr_quantity by;

	f.value[EXPR_BYTES] = 1572864; /* 1.5 MiB */
	CHECK_EQ(judge("bytes == 1.5MiB", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes == 1.5 M", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes == 1536KiB", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes == 1536k", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes == 1572864B", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes > 1572863.999", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes > 1572864.001", &f, NULL, &by), GATE_PASS);
	f.value[EXPR_BYTES] = 3ULL << 30;
	CHECK_EQ(judge("bytes == 3GiB", &f, NULL, &by), GATE_FAIL);
	f.value[EXPR_BYTES] = 3ULL << 40;
	CHECK_EQ(judge("bytes == 3T", &f, NULL, &by), GATE_FAIL);
	f.value[EXPR_COUNT] = 2048;
	CHECK_EQ(judge("count == 2K", &f, NULL, &by), GATE_FAIL);
}

static void limits(void)
{
	struct expr_figures f = figures, b = baseline;
	enum expr_quantity by;

	f.value[EXPR_BYTES] = UINT64_MAX;
	b.value[EXPR_BYTES] = HUGE_BYTES;
	CHECK_EQ(judge("bytes == 18446744073709551615", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes > 18446744073709551614", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes > 18446744073709551615", &f, NULL, &by), GATE_PASS);
	CHECK_EQ(judge("bytes < 99999999999999999999.999T", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(judge("growth == 1", &f, &b, &by), GATE_FAIL);
	CHECK_EQ(judge("growth > 0%", &f, &b, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes > 100% of baseline", &f, &b, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes < 100.001% of baseline", &f, &b, &by), GATE_FAIL);
	CHECK_EQ(judge("bytes < 1000000000000% of baseline", &f, &b, &by), GATE_FAIL);
	CHECK_EQ(judge("growth < 0", &b, &f, &by), GATE_FAIL);
}

static void percentages(void)
{
	struct expr_figures none = baseline, same = figures;
	enum expr_quantity by;

	/* 1,200,000 of 1,000,000, and 5,000 of 4,000 */
	CHECK(HOLDS("growth > 19.999%") && NOT("growth > 20%") && HOLDS("growth >= 20%"));
	CHECK(HOLDS("growth == 200000") && HOLDS("growth > 10% of baseline"));
	CHECK(HOLDS("bytes == 120% of baseline") && NOT("bytes > 120 %of baseline"));
	CHECK(HOLDS("allocs > 124.999% of  baseline") && NOT("allocs > 125% of baseline"));
	CHECK(HOLDS("count == 100% of baseline"));
	/* any growth is more than any part of nothing, and none is not */
	CHECK(HOLDS("leaked > 1000000% of baseline"));
	none.value[EXPR_BYTES] = 0;
	CHECK_EQ(judge("growth > 1000%", &figures, &none, &by), GATE_FAIL);
	same.value[EXPR_BYTES] = 0;
	CHECK_EQ(judge("growth > 0%", &same, &none, &by), GATE_PASS);
	/* less than before */
	CHECK_EQ(judge("growth > 0%", &none, &figures, &by), GATE_PASS);
	CHECK_EQ(judge("growth > 0", &none, &figures, &by), GATE_PASS);
	CHECK_EQ(judge("growth < 0%", &none, &figures, &by), GATE_FAIL);
}

static void joins(void)
{
	enum expr_quantity by;

	CHECK(HOLDS("leaked > 0 && count > 100"));
	CHECK(NOT("leaked > 0 && count > 1000"));
	CHECK_EQ(by, EXPR_COUNT);
	CHECK(HOLDS("leaked > 5000 || count > 100"));
	CHECK_EQ(by, EXPR_COUNT);
	CHECK(NOT("leaked > 5000 || count > 1000"));
	CHECK_EQ(by, EXPR_LEAKED);
	/* && binds stronger, on either side */
	CHECK(HOLDS("leaked > 0 || leaked > 0 && count > 1000"));
	CHECK(HOLDS("leaked > 5000 && count > 1000 || stacks == 7"));
	CHECK_EQ(by, EXPR_STACKS);
	CHECK(NOT("leaked > 5000 && count > 100 || stacks == 7 && leaks == 11"));
}

/* What depends on what is not known is not known, and nothing else. */
static void unknown(void)
{
	struct expr_figures f = figures, b = baseline;
	enum expr_quantity by;

	f.known[EXPR_LEAKED] = false;
	CHECK_EQ(judge("leaked > 0", &f, NULL, &by), GATE_UNSURE);
	CHECK_EQ(by, EXPR_LEAKED);
	CHECK_EQ(judge("leaked > 0 && count > 1", &f, NULL, &by), GATE_UNSURE);
	CHECK_EQ(judge("leaked > 0 && count > 1000", &f, NULL, &by), GATE_PASS);
	CHECK_EQ(judge("leaked > 0 || count > 1", &f, NULL, &by), GATE_FAIL);
	CHECK_EQ(by, EXPR_COUNT);
	CHECK_EQ(judge("count > 1000 || leaked > 0", &f, NULL, &by), GATE_UNSURE);
	CHECK_EQ(by, EXPR_LEAKED);
	CHECK_EQ(judge("growth > 0", &f, NULL, &by), GATE_UNSURE);
	b.known[EXPR_LEAKED] = false;
	CHECK_EQ(judge("leaked > 1% of baseline", &figures, &b, &by), GATE_UNSURE);
	CHECK_EQ(judge("leaked > 1", &figures, &b, &by), GATE_FAIL);
}

static void needs(const char *text, bool wanted)
{
	struct expr_error error;
	struct expr *e = NULL;

	CHECK_EQ(expr__parse(text, &e, &error), 0);
	if (e && expr__needs_baseline(e) != wanted)
		printf("  %s\n", text);
	CHECK(e && expr__needs_baseline(e) == wanted);
	expr__free(e);
}

static void baselines(void)
{
	needs("leaked > 0 && bytes > 1M", false);
	needs("leaked > 0 || growth > 1M", true);
	needs("count > 100% of baseline && leaked > 0", true);
}

static void refuses(const char *text, size_t at, const char *words)
{
	struct expr_error error;
	struct expr *e = (struct expr *)&error;

	CHECK_EQ(expr__parse(text, &e, &error), -EINVAL);
	CHECK(!e);
	if (error.at != at || !strstr(error.text, words)) {
		printf("  '%s': at %zu: %s\n", text, error.at, error.text);
		CHECK(!"the error is at its place, and says what to do");
	}
}

static void errors(void)
{
	char many[EXPR_MAX_LENGTH + 2] = "";
	int i;

	refuses("", 0, "as in leaked > 0");
	refuses("  ", 2, "as in leaked > 0");
	refuses("5 > leaked", 0, "as in leaked > 0");
	refuses("leakd > 0", 0, "did you mean leaked");
	refuses("leaked", 6, "after leaked");
	refuses("leaked = 0", 7, "after leaked");
	refuses("leaked > ", 9, "expected a number");
	refuses("leaked > -1", 9, "expected a number");
	refuses("leaked > x", 9, "expected a number");
	refuses("leaked > 123456789012345678901", 9, "too large");
	refuses("leaked > 1.2345", 9, "at most 3 digits");
	refuses("leaked > 1.", 11, "digits behind the point");
	refuses("bytes > 1MB", 9, "MiB");
	refuses("bytes > 1kb", 9, "KiB");
	refuses("bytes > 1Mibi", 9, "MiB");
	refuses("bytes > 1X", 9, "MiB");
	refuses("count > 1MiB", 9, "K, M, G");
	refuses("bytes > 10%", 11, "of baseline");
	refuses("bytes > 10% of", 14, "baseline");
	refuses("bytes > 10% off baseline", 11, "of baseline");
	refuses("growth > 10% of yesterday", 15, "baseline");
	refuses("growth > 1000000000001%", 22, "too large");
	refuses("leaked > 0 leaks > 0", 11, "&& or ||");
	refuses("leaked > 0; x", 10, "&& or ||");
	refuses("leaked > 0 & leaks > 0", 11, "&& or ||");
	refuses("leaked > 0 &&", 13, "as in leaked > 0");
	refuses("leaked > 0 |& leaks", 11, "&& or ||");
	refuses("abcdefghijklmnopqrstuvwxyzabcdefghijkl > 0", 0, "a word of 38");
	for (i = 0; i <= EXPR_MAX_TESTS; i++)
		strcat(many, i ? "||leaked>0" : "leaked>0");
	refuses(many, 8 + 10 * (EXPR_MAX_TESTS - 1) + 2, "more than 16");
	memset(many, ' ', EXPR_MAX_LENGTH + 1);
	refuses(many, 0, "longer than 1000");
}

int main(void)
{
	RUN(compares);
	RUN(units);
	RUN(limits);
	RUN(percentages);
	RUN(joins);
	RUN(unknown);
	RUN(baselines);
	RUN(errors);
	return check_done();
}
